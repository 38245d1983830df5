// SQL of the counts that the audit and the proof compare. Every function runs inside the caller's
// transaction.
#pragma once

#include <string>
#include <vector>

#include "core/ids.hpp"
#include "core/u256.hpp"
#include "store/database.hpp"

namespace lamda::reputation {

/// A provider's increments that were read, at least one.
struct ProviderIncrements {
    Address provider;
    U256 number;
    U256 first;  ///< lowest newCount
    U256 last;   ///< highest newCount
};
/// Returns the increments up to this block, one element for each provider.
std::vector<ProviderIncrements> read_provider_increments(store::Txn& txn, BlockNum upto);
/// Returns providers of confirmed jobs that are not settled.
std::vector<Address> read_unsettled_providers(store::Txn& txn);
/// Returns jobs with more than one increment, by id, at most 100.
std::vector<JobId> read_counted_twice(store::Txn& txn);
/// Returns keys of done intents mined up to this block whose increment was not read, at most 100.
std::vector<std::string> read_unseen_intents(store::Txn& txn, BlockNum upto);

}  // namespace lamda::reputation
