#include "services/job-dispatcher/dispatch/due_attempts.hpp"

#include <algorithm>

#include "services/job-dispatcher/bus/statuses.hpp"
#include "services/job-dispatcher/ingest/progress_store.hpp"
#include "services/job-dispatcher/jobs/attempt_store.hpp"
#include "services/job-dispatcher/jobs/job_store.hpp"
#include "services/job-dispatcher/jobs/spec_store.hpp"

namespace lamda::dispatch {

std::size_t send_due_attempts(store::Txn& txn, const Policy& policy, Timestamp now, std::size_t most) {
    const auto found = due_attempts(txn, read_boundary(txn), most);
    if (found.empty()) {
        return 0;
    }
    const auto rows = lock_free_jobs(txn, found);
    // Checks again under the locks: another instance may have sent it, or an unwind lowered the boundary.
    const auto due = due_attempts(txn, read_boundary(txn), most);
    const auto specs = read_specs(txn, due);
    std::vector<JobWrite> writes;
    for (const auto& id : due) {
        const auto row = rows.find(id);
        if (row == rows.end()) {
            continue;
        }
        JobWrite& write = writes.emplace_back();
        write.before = row->second;
        const auto stored = specs.find(id);
        write.spec = read_spec(stored == specs.end() ? std::nullopt : std::optional(stored->second)).spec;
        write.send_attempt = true;
        end_without_spec(write, policy, now);
    }
    write_jobs(txn, writes, policy.chain_id, now);
    return static_cast<std::size_t>(std::count_if(writes.begin(), writes.end(),
                                                  [](const JobWrite& write) { return write.send_attempt; }));
}

}  // namespace lamda::dispatch
