// SQL of a job's attempts (views api.attempt, api.job_event). Runs inside the caller's transaction.
#pragma once

#include <vector>

#include "services/api-gateway/resources/job_attempts.hpp"
#include "store/database.hpp"

namespace lamda::gateway {

/// Reads the attempts of a job that is in a block; nullopt: no block holds it. The journal of one job is
/// bounded: its attempts by MAX_ATTEMPTS and the reorgs of its block, its entries by those.
std::optional<std::vector<Attempt>> read_attempts(store::Txn& txn, const JobId& id);

}  // namespace lamda::gateway
