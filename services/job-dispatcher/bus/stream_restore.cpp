#include "services/job-dispatcher/bus/stream_restore.hpp"

#include "outbox/outbox.hpp"
#include "services/job-dispatcher/ingest/deployment.hpp"
#include "services/job-dispatcher/jobs/job_store.hpp"
#include "services/job-dispatcher/jobs/job_transitions.hpp"
#include "wire/subjects.hpp"

namespace lamda::dispatch {

namespace {

using outbox::OutboxMessage;

constexpr std::uint64_t kPage = 500;

/// Selects open attempts. A confirmed or paid job without a result counts as open for a day: its status may
/// be lost.
constexpr auto kOpenSql = R"(
SELECT j.id FROM dispatch.job j
JOIN dispatch.assignment a ON a.job_id = j.id AND a.attempt = j.attempt
WHERE j.id > $1 AND a.state IN ('out', 'recovered')
  AND ((j.chain_state = 'created' AND j.work_state IN ('assigned', 'accepted', 'running'))
       OR (j.chain_state IN ('confirmed', 'paid') AND j.work_state IN ('accepted', 'running')
           AND j.updated_at > now() - interval '1 day'))
ORDER BY j.id LIMIT $2)";

/// Selects retractions within the retention time of RETRACT.
constexpr auto kRetractedSql = R"(
SELECT DISTINCT ON (a.job_id, a.provider) a.job_id, a.provider, a.attempt, j.attempt > a.attempt AS superseded,
       j.chain_state = 'absent' AS orphaned
FROM dispatch.assignment a JOIN dispatch.job j ON j.id = a.job_id
WHERE a.state = 'void' AND a.created_at > now() - interval '30 days'
ORDER BY a.job_id, a.provider, a.attempt DESC)";

/// Returns a new id, because a stream that was not deleted must not drop the message as a duplicate.
std::string new_message_id(const std::string& message_id) {
    return message_id + ":" + random_id().substr(0, 8);
}

std::vector<JobId> open_jobs(store::Txn& txn, const JobId& after) {
    std::vector<JobId> out;
    for (const auto row : txn.exec(kOpenSql, {after, kPage})) {
        out.push_back(row.get<JobId>("id"));
    }
    return out;
}

std::size_t restore_attempts(store::Database& database) {
    std::size_t count = 0;
    for (JobId after;;) {
        const auto ids = database.transact([&](store::Txn& txn) {
            auto page = open_jobs(txn, after);
            const auto specs = read_specs(txn, page);
            std::vector<OutboxMessage> messages;
            for (const auto& [id, row] : lock_jobs(txn, page)) {
                const auto stored = specs.find(id);
                const auto known =
                    read_spec(stored == specs.end() ? std::nullopt : std::optional(stored->second));
                if (known.spec && row.has_active_attempt()) {
                    messages.push_back({wire::dispatch_subject(row.provider),
                                        new_message_id(wire::dispatch_message_id(id, row.attempt)),
                                        wire::to_json(assignment_of(row, *known.spec))});
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
        for (const auto row : txn.exec(kRetractedSql)) {
            const auto reason = row.get<bool>("superseded") ? wire::RetractReason::kSuperseded
                                : row.get<bool>("orphaned") ? wire::RetractReason::kOrphaned
                                                            : wire::RetractReason::kCancelled;
            const wire::Retraction message{row.get<JobId>("job_id"), row.get<std::uint32_t>("attempt"),
                                           reason};
            messages.push_back({wire::retract_subject(row.get<Address>("provider")),
                                new_message_id(wire::retract_message_id(message.job_id, message.attempt)),
                                wire::to_json(message)});
        }
        outbox::put_outbox(txn, kOutboxOwner, messages);
        return messages.size();
    });
}

}  // namespace

std::vector<Address> providers_at_work(store::Database& database) {
    return database.transact([](store::Txn& txn) {
        std::vector<Address> out;
        for (const auto row : txn.exec("SELECT DISTINCT provider FROM dispatch.job "
                                       "WHERE work_state IN ('assigned', 'accepted', 'running')")) {
            out.push_back(row.get<Address>("provider"));
        }
        return out;
    });
}

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
