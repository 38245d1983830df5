// Evaluates jobs that are due, in the caller's transaction: selects, loads, decides, saves.
#pragma once

#include <optional>
#include <set>
#include <vector>

#include "services/job-dispatcher/ingest/progress_store.hpp"
#include "services/job-dispatcher/jobs/job_transitions.hpp"
#include "store/database.hpp"

namespace lamda::dispatch {

struct Due {
    std::vector<JobId> jobs;
    std::vector<Address> providers;  ///< registered ones
};
/// Selects jobs up to block `boundary` that can be evaluated, and jobs with early statuses: at most `most`
/// each. @param without providers whose jobs are left out
Due find_due(store::Txn& txn, BlockNum boundary, const std::vector<Address>& without, std::size_t most);

/// Evaluates those of the jobs that no other transaction has locked; returns the number of attempts put into
/// the outbox. @param reachable providers whose durables exist
/// @param known facts that this transaction has read; absent: they are read now
std::size_t evaluate_jobs(store::Txn& txn, const std::vector<JobId>& ids, const std::set<Address>& reachable,
                          const Policy& policy, Timestamp now,
                          const std::optional<NewlyFinal>& known = std::nullopt);

}  // namespace lamda::dispatch
