// Checks around a transaction that a person pays for: before it, the contract and the job; after it, the
// event.
//
// An address without code accepts every call with every value and reports success: a successful receipt alone
// proves nothing.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "eth/codec/types.hpp"
#include "eth/rpc.hpp"

namespace lamda::onchain {

/// @throws std::runtime_error: `address` has no code on this chain
void require_contract(eth::Rpc& rpc, const Address& address, std::string_view name);

/// getJobInfo. Its `status` is left out: its numbers are not documented for the deployed contract.
struct JobRecord {
    Address renter;
    Address provider;
    U256 payment;  ///< wei
    bool confirmed = false;
};
/// nullopt: no such job. @throws std::runtime_error: the contract is no JobManager
std::optional<JobRecord> job_record(eth::Rpc& bsc, const Address& job_manager, const JobId& id);

/// True if `contract` logged an event in this receipt that satisfies `wanted`.
bool logged(const eth::Receipt& receipt, const Address& contract,
            const std::function<bool(const eth::Log&)>& wanted);

}  // namespace lamda::onchain
