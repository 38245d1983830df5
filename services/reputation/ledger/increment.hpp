// Encodes the calldata of incrementJobs, with the job id after the ABI argument.
#pragma once

#include <optional>
#include <string>

#include "eth/codec/types.hpp"

namespace lamda::reputation {

/// Returns incrementJobs(provider), followed by the 32 bytes of the job id, which contracts ignore and the
/// chain stores.
Bytes increment_calldata(const Address& provider, const JobId& job);
/// Returns the job of an increment; nullopt: not a transaction of this form to this contract.
std::optional<JobId> job_of(const eth::TransactionInfo& tx, const Address& contract);

/// Returns the intent's key, `increment:0x<job id>`.
std::string intent_key(const JobId& job);
/// Errors: `invalid_intent_key`.
Result<JobId> job_of_key(std::string_view key);

}  // namespace lamda::reputation
