// The chain and contract that the job dispatcher reads, as the database has them recorded. The gateway asks
// no chain, and hands out payments: only for that chain and that contract.
#pragma once

#include "runtime/identity.hpp"
#include "services/api-gateway/config.hpp"

namespace lamda::gateway {

/// What the settings say, to be compared with the dispatcher's record.
runtime::IdentityClaim identity_of(const Config& config);

/// The recorded chain; while the dispatcher has recorded none, the configured one. @throws http::Problem 503
/// `chain_unknown` when there is neither, 503 `wrong_market` when the settings contradict a record
ChainId recorded_chain(store::Txn& txn, const Config& config);

}  // namespace lamda::gateway
