#include "services/reputation/sender/increment_policy.hpp"

#include "services/reputation/ingest/journal_store.hpp"
#include "services/reputation/ledger/increment.hpp"

namespace lamda::reputation {

namespace {

Result<txsender::Call> call_for(const JobId& job, const Due& due, const Address& node_reputation) {
    if (!due.confirmed) {
        return Error{"not_confirmed", "no final confirmation of this job is known", ""};
    }
    if (!due.provider) {
        return Error{"unproven", "the confirmation of this job is not proven", ""};
    }
    if (due.counted) {
        return Error{txsender::kNotDue, "the chain has counted this job already", ""};
    }
    return txsender::Call{node_reputation, 0, increment_calldata(*due.provider, job)};
}

}  // namespace

std::vector<Result<txsender::Call>> IncrementPolicy::calls(const std::vector<std::string>& keys) {
    std::vector<std::optional<JobId>> named;
    std::vector<JobId> jobs;
    for (const auto& key : keys) {
        const auto job = job_of_key(key);
        // One key for each job: a key with uppercase digits is refused.
        named.push_back(job && intent_key(*job) == key ? std::optional(*job) : std::nullopt);
        if (named.back()) {
            jobs.push_back(*job);
        }
    }
    std::vector<Due> due;
    if (!jobs.empty()) {
        due = database_.transact([&](store::Txn& txn) { return read_due(txn, jobs); });
    }
    auto next = due.begin();
    std::vector<Result<txsender::Call>> out;
    for (const auto& job : named) {
        if (job) {
            out.push_back(call_for(*job, *next++, node_reputation_));
        } else {
            out.emplace_back(Error{"unknown_key",
                                   "unknown key; this wallet signs increment:0x and 64 lowercase hex digits",
                                   ""});
        }
    }
    return out;
}

}  // namespace lamda::reputation
