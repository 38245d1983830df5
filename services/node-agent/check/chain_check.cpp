// Chain part of the checks.
#include <fmt/format.h>

#include "contracts/node_reputation.hpp"
#include "services/node-agent/check/checks.hpp"
#include "terminal/units.hpp"

namespace lamda::agent {

namespace nr = contracts::node_reputation;

namespace {

constexpr Millis kOldHead{60'000};
constexpr std::uint64_t kGasOfTen = 10 * 150'000;  // ten calls of the agent

}  // namespace

std::vector<Finding> check_endpoint(eth::Rpc& rpc, const ChainNeeds& needs, Timestamp now) {
    const auto name = needs.name + " " + rpc.name();
    const auto chain = rpc.chain_id();
    if (needs.chain && chain != *needs.chain) {
        return {
            {name, CheckResult::kFailed, fmt::format("chain {}, not {}", chain.value, needs.chain->value),
             "put an endpoint of chain " + std::to_string(needs.chain->value) + " into " + needs.setting}};
    }
    if (rpc.code(needs.contract, eth::Tag::kLatest).empty()) {
        return {{name, CheckResult::kFailed,
                 fmt::format("chain {} has no contract at {}", chain.value, needs.contract.hex()),
                 "check " + needs.setting + " and the address of " + needs.contract_name}};
    }
    const auto head = rpc.header(eth::BlockSpec(eth::Tag::kLatest));
    if (!head) {
        return {{name, CheckResult::kFailed, "no newest block", "use another endpoint in " + needs.setting}};
    }
    const auto age = std::max(now - from_unix_seconds(head->timestamp), Millis(0));
    const auto detail = fmt::format("chain {}, {} deployed, block {} is {} old", chain.value,
                                    needs.contract_name, head->number.value, terminal::rough(age));
    return {age > kOldHead ? Finding{name, CheckResult::kWarning, detail,
                                     "the endpoint lags, or this machine's clock is wrong"}
                           : Finding{name, CheckResult::kOk, detail}};
}

std::vector<Finding> check_balance(eth::Rpc& rpc, const std::string& chain, const Address& provider,
                                   bool sends) {
    const auto name = chain + " balance";
    const auto balance = rpc.balance(provider, eth::Tag::kLatest);
    const auto detail = provider.hex() + " has " + terminal::bnb(balance);
    if (!sends) {
        return {{name, CheckResult::kOk, detail + "; no transactions are configured"}};
    }
    const U256 enough = rpc.gas_price() * kGasOfTen;
    if (balance >= enough && balance > 0) {
        return {{name, CheckResult::kOk, detail}};
    }
    return {{name, balance == 0 ? CheckResult::kFailed : CheckResult::kWarning,
             detail + ", ten transactions cost about " + terminal::bnb(enough),
             "send BNB on " + chain + " to the provider's address"}};
}

Finding judge_registration(const Bytes& result, bool registers) {
    constexpr auto kName = "registration";
    const auto info = nr::GetProviderInfo::decode_result(result);
    if (!info) {
        return {kName, CheckResult::kFailed, "unexpected answer to getProviderInfo: " + info.error().message,
                "check NODE_REPUTATION_CONTRACT_ADDRESS"};
    }
    if (info->info.is_registered) {
        return {kName, CheckResult::kOk, "registered with GPU model \"" + info->info.gpu_model + "\""};
    }
    if (registers) {
        return {kName, CheckResult::kWarning, "not registered yet",
                "start the agent, which registers by itself"};
    }
    return {kName, CheckResult::kFailed, "not registered on opBNB: no job reaches this provider",
            "set AGENT_REGISTER=true, or register with another tool"};
}

std::vector<Finding> check_registration(eth::Rpc& rpc, const Address& node_reputation,
                                        const Address& provider, bool registers) {
    nr::GetProviderInfo call;
    call.provider = provider;
    eth::CallRequest request;
    request.to = node_reputation;
    request.data = call.encode();
    return {judge_registration(rpc.call(request, eth::Tag::kLatest), registers)};
}

}  // namespace lamda::agent
