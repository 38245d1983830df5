// Checks around a paid transaction: contract and job before it, the event in its receipt after it.
//
// An address without code accepts every call with every value and reports success: a successful receipt is no
// proof of a payment.
// proves nothing.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "eth/codec/types.hpp"
#include "eth/rpc.hpp"

namespace lamda::onchain {

/// Checks that `address` has code on this chain. @throws std::runtime_error
void require_contract(eth::Rpc& rpc, const Address& address, std::string_view name);

/// Result of getJobInfo, without `status`: its numbers are not documented for the deployed contract.
struct JobRecord {
    Address renter;
    Address provider;
    U256 payment;  ///< wei
    bool confirmed = false;
};
/// nullopt: the job does not exist. @throws std::runtime_error if the contract is not a JobManager
std::optional<JobRecord> job_record(eth::Rpc& bsc, const Address& job_manager, const JobId& id);

/// True if `contract` logged an event in this receipt that satisfies `wanted`.
bool logged(const eth::Receipt& receipt, const Address& contract,
            const std::function<bool(const eth::Log&)>& wanted);

}  // namespace lamda::onchain
