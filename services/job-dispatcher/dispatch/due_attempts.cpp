#include "services/job-dispatcher/dispatch/due_attempts.hpp"

#include <algorithm>

#include "services/job-dispatcher/jobs/job_store.hpp"
#include "services/job-dispatcher/bus/statuses.hpp"

namespace lamda::dispatch {

std::size_t send_due_attempts(store::Txn& txn, const Policy& policy, Timestamp now, std::size_t most) {
    const auto found = due_attempts(txn, read_boundary(txn), most);
    if (found.empty()) {
        return 0;
    }
    const auto rows = lock_free_jobs(txn, found);
    // Once more behind the locks: another instance may have sent it, an unwind lowered the boundary.
    const auto due = due_attempts(txn, read_boundary(txn), most);
    const auto specs = read_specs(txn, due);
    std::vector<Change> changes;
    for (const auto& id : due) {
        const auto row = rows.find(id);
        if (row == rows.end()) {
            continue;
        }
        Change& change = changes.emplace_back();
        change.before = row->second;
        const auto stored = specs.find(id);
        change.spec = read_spec(stored == specs.end() ? std::nullopt : std::optional(stored->second)).spec;
        change.send_attempt = true;
        end_without_spec(change, policy, now);
    }
    write_changes(txn, changes, policy.chain_id, now);
    return static_cast<std::size_t>(std::count_if(changes.begin(), changes.end(),
                                                  [](const Change& change) { return change.send_attempt; }));
}

}  // namespace lamda::dispatch
