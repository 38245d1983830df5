#include "services/job-dispatcher/dispatch/due_attempts.hpp"

#include <algorithm>

#include "services/job-dispatcher/ingest/progress_store.hpp"
#include "services/job-dispatcher/jobs/attempt_store.hpp"
#include "services/job-dispatcher/jobs/job_decisions.hpp"

namespace lamda::dispatch {

std::size_t send_due_attempts(store::Txn& txn, const Policy& policy, Timestamp now, std::size_t most) {
    const auto found = due_attempts(txn, read_boundary(txn), most);
    if (found.empty()) {
        return 0;
    }
    const auto jobs = load_free_jobs(txn, found);
    // Checks again under the locks: another instance may have sent it, or an unwind lowered the boundary.
    std::vector<JobWrite> writes;
    for (const auto& id : due_attempts(txn, read_boundary(txn), most)) {
        if (const auto job = jobs.find(id); job != jobs.end()) {
            writes.push_back(decide_due_attempt(job->second, policy, now));
        }
    }
    write_jobs(txn, writes, policy.chain_id, now);
    return static_cast<std::size_t>(std::count_if(writes.begin(), writes.end(),
                                                  [](const JobWrite& write) { return write.send_attempt; }));
}

}  // namespace lamda::dispatch
