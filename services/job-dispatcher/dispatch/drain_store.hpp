// SQL on jobs that wait for a provider, and on what the provider says about taking work (api.node_notice).
// Every function runs inside the caller's transaction.
#pragma once

#include <cstdint>
#include <map>

#include "core/ids.hpp"
#include "store/database.hpp"

namespace lamda::dispatch {

/// Returns the jobs whose journal differs from their provider's newest notice, with what the notice says:
/// true if the provider is draining. @param most_notices jobs with so many notices get no further one
std::map<JobId, bool> drain_changes(store::Txn& txn, std::uint32_t most_notices, std::size_t most);

}  // namespace lamda::dispatch
