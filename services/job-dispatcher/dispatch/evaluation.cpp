#include "services/job-dispatcher/dispatch/evaluation.hpp"

#include <algorithm>

#include "services/job-dispatcher/dispatch/due_store.hpp"
#include "services/job-dispatcher/jobs/job_decisions.hpp"
#include "services/job-dispatcher/jobs/status_store.hpp"

namespace lamda::dispatch {

namespace {

/// Returns the cases of those jobs that no other transaction has locked.
std::vector<EvaluationCase> load_cases(store::Txn& txn, const std::vector<JobId>& ids,
                                       const std::set<Address>& reachable, bool early_statuses) {
    std::vector<EvaluationCase> out;
    std::vector<JobId> locked;
    for (auto& [id, job] : load_free_jobs(txn, ids)) {
        const bool provider_reachable = reachable.contains(job.row.provider);
        locked.push_back(id);
        out.push_back({std::move(job), {}, provider_reachable});
    }
    if (early_statuses) {
        auto early = take_early_statuses(txn, locked);
        for (auto& each : out) {
            if (const auto found = early.find(each.job.row.id); found != early.end()) {
                each.early = std::move(found->second);
            }
        }
    }
    return out;
}

}  // namespace

Due find_due(store::Txn& txn, BlockNum boundary, const std::vector<Address>& without, std::size_t most) {
    Due out;
    std::set<Address> providers;
    for (const auto& job : due_jobs(txn, boundary, without, most)) {
        out.jobs.push_back(job.id);
        if (job.provider_registered) {
            providers.insert(job.provider);
        }
    }
    out.providers.assign(providers.begin(), providers.end());
    const auto early = jobs_with_early_status(txn, most);
    out.jobs.insert(out.jobs.end(), early.begin(), early.end());
    return out;
}

std::size_t evaluate_jobs(store::Txn& txn, const std::vector<JobId>& ids, const std::set<Address>& reachable,
                          const Policy& policy, Timestamp now, const std::optional<NewlyFinal>& known) {
    auto cases = load_cases(txn, ids, reachable, known ? known->early_statuses : early_statuses_wait(txn));
    // Read from the database, after locking the rows: another instance may read the chain, and its unwind
    // lowers the boundary in the transaction that orphans the job's block.
    const BlockNum boundary = known ? known->boundary : read_boundary(txn);
    std::vector<JobWrite> writes;
    for (auto& each : cases) {
        auto write = decide_evaluation(std::move(each), boundary, policy, now);
        if (!write.nothing()) {
            writes.push_back(std::move(write));
        }
    }
    write_jobs(txn, writes, policy.chain_id, now);
    return static_cast<std::size_t>(std::count_if(writes.begin(), writes.end(),
                                                  [](const JobWrite& write) { return write.send_attempt; }));
}

}  // namespace lamda::dispatch
