#include "services/reputation/ledger/increment.hpp"

#include <algorithm>

#include "contracts/node_reputation.hpp"

namespace lamda::reputation {

namespace {
constexpr std::size_t kArguments = 4 + 32;
constexpr std::string_view kPrefix = "increment:";
}  // namespace

Bytes increment_calldata(const Address& provider, const JobId& job) {
    Bytes data = contracts::node_reputation::IncrementJobs{provider}.encode();
    data.insert(data.end(), job.array().begin(), job.array().end());
    return data;
}

std::optional<JobId> job_of(const eth::TransactionInfo& tx, const Address& contract) {
    if (tx.to != contract || tx.input.size() != kArguments + JobId::kSize ||
        !contracts::node_reputation::IncrementJobs::decode(tx.input)) {
        return std::nullopt;
    }
    return *JobId::from_bytes(BytesView(tx.input).subspan(kArguments));
}

std::string intent_key(const JobId& job) {
    return std::string(kPrefix) + job.hex();
}

Result<JobId> job_of_key(std::string_view key) {
    if (key.starts_with(kPrefix)) {
        if (auto job = JobId::parse(key.substr(kPrefix.size()))) {
            return job;
        }
    }
    return Error{"invalid_intent_key", "the key of an increment must be increment:0x and 64 hex digits", ""};
}

}  // namespace lamda::reputation
