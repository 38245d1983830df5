// `lamda deploy`: deploys the contracts and prints the settings that name them.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "contracts/job_manager.hpp"
#include "contracts/node_reputation.hpp"
#include "crypto/signer.hpp"
#include "onchain/transact.hpp"
#include "tools/cli/commands.hpp"
#include "tools/cli/output/printing.hpp"

namespace lamda::cli {
namespace {

struct Deployed {
    std::string contract;
    std::string setting;
    ChainId chain;
    eth::Receipt receipt;
};

Deployed deploy_one(Context& context, eth::Rpc& rpc, const std::string& contract, const std::string& setting,
                    const Bytes& code) {
    const ChainId chain = rpc.chain_id();
    onchain::TxRequest request;
    request.data = code;
    auto receipt = onchain::transact(rpc, context.clock(), context.admin(), chain, request);
    if (!receipt.contract_address || rpc.code(*receipt.contract_address, eth::Tag::kLatest).empty()) {
        throw std::runtime_error(contract + ": transaction " + receipt.tx_hash.hex() +
                                 " created no contract; look at its receipt before you repeat the command");
    }
    return {contract, setting, chain, std::move(receipt)};
}

}  // namespace

int deploy(Context& context, const DeployOptions& options) {
    std::vector<Deployed> all;
    if (options.job_manager) {
        all.push_back(deploy_one(context, context.bsc(), "JobManager", "JOB_MANAGER",
                                 contracts::job_manager::bytecode()));
    }
    if (options.node_reputation) {
        all.push_back(deploy_one(context, context.opbnb(), "NodeReputation", "NODE_REPUTATION",
                                 contracts::node_reputation::bytecode()));
    }
    auto json = nlohmann::json::array();
    std::string settings;
    for (const auto& one : all) {
        const std::string address = crypto::checksum_address(*one.receipt.contract_address);
        json.push_back({{"contract", one.contract},
                        {"address", address},
                        {"chain_id", one.chain.value},
                        {"block", one.receipt.block.number.value},
                        {"transaction_hash", one.receipt.tx_hash.hex()},
                        {"owner", crypto::checksum_address(context.admin().address())}});
        settings += fmt::format("{}_CONTRACT_ADDRESS={}\n{}_START_BLOCK={}\n", one.setting, address,
                                one.setting, one.receipt.block.number.value);
    }
    fmt::print("{}", context.json() ? json_line(json) : settings);
    return 0;
}

}  // namespace lamda::cli
