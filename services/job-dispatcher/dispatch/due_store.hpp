// SQL that selects work for the loops: jobs to evaluate, specs to fetch. Every function runs inside the
// caller's transaction.
#pragma once

#include <vector>

#include "services/job-dispatcher/dispatch/spec_queue.hpp"
#include "store/database.hpp"

namespace lamda::dispatch {

/// Returns registered providers with at least one signed heartbeat, seen within a week.
std::vector<Address> active_providers(store::Txn& txn);

struct DueJob {
    JobId id;
    Address provider;
    bool provider_registered;
};
/// Returns jobs created up to block `boundary` that can be evaluated, in chain order.
/// @param without providers whose jobs are left out
std::vector<DueJob> due_jobs(store::Txn& txn, BlockNum boundary, const std::vector<Address>& without,
                             std::size_t most);

/// Returns jobs in blocks after `after`, up to `boundary`, that are not evaluated, in chain order.
std::vector<DueJob> newly_final_jobs(store::Txn& txn, BlockNum after, BlockNum boundary, std::size_t most);

/// Returns up to 10,000 awaited specs: the oldest of each renter, so that a renter with very many jobs does
/// not block other renters.
std::vector<AwaitedSpec> awaited_specs(store::Txn& txn);
/// Returns up to 500 jobs that have waited for their spec since before this time.
std::vector<JobId> overdue_specs(store::Txn& txn, Timestamp before);

}  // namespace lamda::dispatch
