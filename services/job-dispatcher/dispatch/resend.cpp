#include "services/job-dispatcher/dispatch/resend.hpp"

#include <algorithm>
#include <functional>
#include <iterator>
#include <set>

#include "outbox/outbox.hpp"
#include "services/job-dispatcher/ingest/deployment.hpp"
#include "services/job-dispatcher/jobs/retraction_message.hpp"
#include "wire/subjects.hpp"

namespace lamda::dispatch {

namespace {

using outbox::OutboxMessage;

/// Returns a new id: the stream may still hold the message, and would drop another one with the same id.
std::string new_message_id(const std::string& message_id) {
    return message_id + ":" + random_id().substr(0, 8);
}

OutboxMessage assignment_message(const JobCase& job) {
    return {wire::dispatch_subject(job.row.provider),
            new_message_id(wire::dispatch_message_id(job.row.id, job.row.attempt)),
            wire::to_json(assignment_of(job.row, *job.spec.spec))};
}

wire::RetractReason reason_of(const VoidAttempt& attempt) {
    return attempt.superseded ? wire::RetractReason::kSuperseded
           : attempt.orphaned ? wire::RetractReason::kOrphaned
                              : wire::RetractReason::kCancelled;
}

std::size_t resend(store::Txn& txn, const std::vector<JobId>& jobs,
                   const std::function<bool(const JobRow&)>& wanted) {
    std::vector<OutboxMessage> messages;
    for (const auto& [id, job] : load_jobs(txn, jobs)) {
        if (job.spec.spec && job.row.has_active_attempt() && wanted(job.row)) {
            messages.push_back(assignment_message(job));
        }
    }
    outbox::put_outbox(txn, kOutboxOwner, messages);
    return messages.size();
}

}  // namespace

ResendPace::ResendPace(Millis accept_timeout) : step_(std::max(accept_timeout / 3, Millis(5'000))) {}

std::vector<SentAttempt> ResendPace::due(const std::vector<PresenceClock::Waited>& waited) {
    std::vector<SentAttempt> out;
    std::map<SentAttempt, std::int64_t> steps;
    for (const auto& each : waited) {
        if (each.attempt.waiting != PresenceClock::Waiting::kAcceptance) {
            continue;
        }
        const SentAttempt key{each.attempt.job_id, each.attempt.attempt};
        const auto passed = each.idle / step_;
        const auto before = steps_.find(key);
        if (passed > (before == steps_.end() ? 0 : before->second)) {
            out.push_back(key);
        }
        steps.emplace(key, passed);
    }
    steps_ = std::move(steps);
    return out;
}

std::size_t resend_assignments(store::Txn& txn, const std::vector<SentAttempt>& attempts) {
    std::vector<JobId> jobs;
    std::transform(attempts.begin(), attempts.end(), std::back_inserter(jobs),
                   [](const SentAttempt& attempt) { return attempt.job; });
    const std::set<SentAttempt> wanted(attempts.begin(), attempts.end());
    return resend(txn, jobs, [&](const JobRow& row) {
        return row.work_state == wire::WorkState::kAssigned &&
               row.chain_state == wire::ChainState::kCreated && wanted.contains({row.id, row.attempt});
    });
}

std::size_t resend_open_attempts(store::Txn& txn, const std::vector<JobId>& jobs) {
    return resend(txn, jobs, [](const JobRow&) { return true; });
}

void resend_retractions(store::Txn& txn, const std::vector<VoidAttempt>& attempts) {
    std::vector<OutboxMessage> messages;
    RetractionMessages retractions(txn);
    for (const auto& attempt : attempts) {
        auto message =
            retractions.message(attempt.job_id, {attempt.attempt, reason_of(attempt)}, attempt.provider);
        message.message_id = new_message_id(message.message_id);
        messages.push_back(std::move(message));
    }
    outbox::put_outbox(txn, kOutboxOwner, messages);
}

}  // namespace lamda::dispatch
