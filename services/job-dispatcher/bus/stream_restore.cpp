#include "services/job-dispatcher/bus/stream_restore.hpp"

#include "outbox/outbox.hpp"
#include "services/job-dispatcher/ingest/deployment.hpp"
#include "services/job-dispatcher/jobs/attempt_store.hpp"
#include "services/job-dispatcher/jobs/job_case.hpp"
#include "wire/subjects.hpp"

namespace lamda::dispatch {

namespace {

using outbox::OutboxMessage;

constexpr std::size_t kPage = 500;

/// Returns a new id, because a stream that was not deleted must not drop the message as a duplicate.
std::string new_message_id(const std::string& message_id) {
    return message_id + ":" + random_id().substr(0, 8);
}

std::size_t restore_attempts(store::Database& database) {
    std::size_t count = 0;
    for (JobId after;;) {
        const auto ids = database.transact([&](store::Txn& txn) {
            auto page = jobs_with_open_attempt(txn, after, kPage);
            std::vector<OutboxMessage> messages;
            for (const auto& [id, job] : load_jobs(txn, page)) {
                if (job.spec.spec && job.row.has_active_attempt()) {
                    messages.push_back({wire::dispatch_subject(job.row.provider),
                                        new_message_id(wire::dispatch_message_id(id, job.row.attempt)),
                                        wire::to_json(assignment_of(job.row, *job.spec.spec))});
                }
            }
            outbox::put_outbox(txn, kOutboxOwner, messages);
            return page;
        });
        count += ids.size();
        if (ids.size() < kPage) {
            return count;
        }
        after = ids.back();
    }
}

std::size_t restore_retractions(store::Database& database) {
    return database.transact([](store::Txn& txn) {
        std::vector<OutboxMessage> messages;
        for (const auto& attempt : recent_void_attempts(txn)) {
            const auto reason = attempt.superseded ? wire::RetractReason::kSuperseded
                                : attempt.orphaned ? wire::RetractReason::kOrphaned
                                                   : wire::RetractReason::kCancelled;
            const wire::Retraction message{attempt.job_id, attempt.attempt, reason};
            messages.push_back({wire::retract_subject(attempt.provider),
                                new_message_id(wire::retract_message_id(message.job_id, message.attempt)),
                                wire::to_json(message)});
        }
        outbox::put_outbox(txn, kOutboxOwner, messages);
        return messages.size();
    });
}

}  // namespace

std::size_t restore_streams(store::Database& database, const std::set<std::string>& streams) {
    std::size_t count = 0;
    if (streams.contains(wire::kJobsStream) || streams.contains(wire::kStatusStream)) {
        count += restore_attempts(database);
    }
    if (streams.contains(wire::kRetractStream)) {
        count += restore_retractions(database);
    }
    return count;
}

}  // namespace lamda::dispatch
