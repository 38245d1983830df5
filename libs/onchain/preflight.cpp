#include "onchain/preflight.hpp"

#include <algorithm>
#include <stdexcept>

#include "contracts/job_manager.hpp"

namespace lamda::onchain {

void require_contract(eth::Rpc& rpc, const Address& address, std::string_view name) {
    if (rpc.code(address, eth::Tag::kLatest).empty()) {
        throw std::runtime_error(std::string(name) + ": no contract at " + address.hex() + " on " +
                                 rpc.name() + "; check the address and the chain of the RPC endpoint");
    }
}

std::optional<JobRecord> job_record(eth::Rpc& bsc, const Address& job_manager, const JobId& id) {
    contracts::job_manager::GetJobInfo call;
    call.id = id.as<Bytes32>();
    eth::CallRequest request;
    request.to = job_manager;
    request.data = call.encode();
    Bytes answer;
    try {
        answer = bsc.call(request, eth::Tag::kLatest);
    } catch (const eth::RpcError& error) {
        // Other implementations of the interface may revert for an unknown job instead of returning zeroes.
        if (!error.is_revert()) {
            throw;
        }
        return std::nullopt;
    }
    const auto info = contracts::job_manager::GetJobInfo::decode_result(answer);
    if (!info) {
        throw std::runtime_error("the contract at " + job_manager.hex() +
                                 " is not a JobManager: getJobInfo: " + info.error().message);
    }
    if (info->created_at == 0) {
        return std::nullopt;
    }
    return JobRecord{info->renter, info->provider, info->payment, info->confirmed_at != 0};
}

bool logged(const eth::Receipt& receipt, const Address& contract,
            const std::function<bool(const eth::Log&)>& wanted) {
    return std::any_of(receipt.logs.begin(), receipt.logs.end(),
                       [&](const eth::Log& log) { return log.address == contract && wanted(log); });
}

}  // namespace lamda::onchain
