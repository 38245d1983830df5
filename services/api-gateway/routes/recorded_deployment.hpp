// Reads the job dispatcher's recorded chain and contract from the database. The gateway calls no chain, and
// makes payment transactions only for this chain and this contract.
#pragma once

#include "runtime/identity.hpp"
#include "services/api-gateway/config.hpp"

namespace lamda::gateway {

/// Returns chain and contract of the settings, for comparison with the dispatcher's record.
runtime::IdentityClaim identity_of(const Config& config);

/// Returns the recorded chain; without a record, the configured chain. @throws problem::Problem 503
/// `chain_unknown` if there is neither, 503 `wrong_market` if the settings contradict the record
ChainId recorded_chain(store::Txn& txn, const Config& config);

}  // namespace lamda::gateway
