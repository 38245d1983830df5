// The calldata of incrementJobs, with the job that it is for behind the ABI argument.
#pragma once

#include <optional>
#include <string>

#include "eth/codec/types.hpp"

namespace lamda::reputation {

/// incrementJobs(provider), then the 32 bytes of the job id: contracts ignore them, the chain keeps them.
Bytes increment_calldata(const Address& provider, const JobId& job);
/// The job that an increment was for. Absent: not a transaction of this form to this contract.
std::optional<JobId> job_of(const eth::TransactionInfo& tx, const Address& contract);

/// `increment:0x<job id>`: the intent's key.
std::string intent_key(const JobId& job);
/// Errors: `invalid_intent_key`.
Result<JobId> job_of_key(std::string_view key);

}  // namespace lamda::reputation
