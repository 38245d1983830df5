#include "streamrunner/chain_settings.hpp"

#include <algorithm>

namespace lamda::streamrunner {

namespace {

/// Texts and defaults that differ between the chains.
struct ChainTexts {
    const char* chain;             ///< `BSC`
    const char* contract;          ///< `JobManager`
    const char* chain_ids;         ///< those of the public networks
    const char* finality_max_age;  ///< default
};

template <class T>
std::optional<T> maybe(runtime::Settings& settings, const std::string& name, const std::string& help) {
    const auto number = settings.maybe_number(name, help);
    return number ? std::optional(T{*number}) : std::nullopt;
}

ChainSettings read_chain(runtime::Settings& settings, ingest::SettingNames names, const char* finality_name,
                         const ChainTexts& texts) {
    const std::string chain = texts.chain;
    const std::string contract = texts.contract;
    ChainSettings out;
    out.urls = settings.urls(names.endpoints, "JSON-RPC endpoints of " + chain + ", comma-separated");
    out.contract = settings.address(names.contracts, contract + " on " + chain);
    out.chain_id = maybe<ChainId>(settings, names.chain_id,
                                  std::string(texts.chain_ids) + "; unset: the first one seen");
    out.start_block =
        maybe<BlockNum>(settings, names.start_block,
                        "block of " + contract + "'s deployment; unset: found by asking the endpoints");
    out.finality_max_age =
        settings.duration(finality_name, "an older finalized block is not used", texts.finality_max_age);
    out.names = std::move(names);
    return out;
}

}  // namespace

ChainSettings read_bsc(runtime::Settings& settings) {
    return read_chain(
        settings, {"BSC_RPC_URL", "BSC_CHAIN_ID", "JOB_MANAGER_CONTRACT_ADDRESS", "JOB_MANAGER_START_BLOCK"},
        "BSC_FINALITY_MAX_AGE", {"BSC", "JobManager", "97 testnet, 56 mainnet", "60s"});
}

ChainSettings read_opbnb(runtime::Settings& settings) {
    return read_chain(settings,
                      {"OPBNB_RPC_URL", "OPBNB_CHAIN_ID", "NODE_REPUTATION_CONTRACT_ADDRESS",
                       "NODE_REPUTATION_START_BLOCK"},
                      "OPBNB_FINALITY_MAX_AGE",
                      {"opBNB", "NodeReputation", "5611 testnet, 204 mainnet", "5m"});
}

ReadSettings read_reading(runtime::Settings& settings, const std::vector<const ChainSettings*>& chains) {
    constexpr auto kAgreement = "RPC_AGREEMENT";
    ReadSettings out;
    out.rpc_timeout = settings.positive_duration("RPC_TIMEOUT", "of one JSON-RPC call", "10s");
    out.rpc_agreement = static_cast<unsigned>(
        settings.number(kAgreement, "endpoints that must name the same finalized block", 1, 1, 16));
    const bool enough = std::all_of(chains.begin(), chains.end(), [&](const ChainSettings* chain) {
        return out.rpc_agreement <= std::max<std::size_t>(1, chain->urls.size());
    });
    if (!enough) {
        settings.mistake(kAgreement, chains.size() == 1
                                         ? "it is more than there are endpoints"
                                         : "it is more than there are endpoints of each chain");
    }
    out.verify_receipts = settings.boolean(
        "VERIFY_RECEIPTS", "read logs by blocks' receipts, proven by the header's root", false);
    out.audit_pace = settings.duration(
        "SWEEP_PACE", "between two ranges of final blocks that are read again and compared; 0s: never",
        "10s");
    return out;
}

rpcpool::RpcConfig rpc_config(const ChainSettings& chain, const ReadSettings& reading) {
    return {.urls = chain.urls,
            .chain = chain.chain_id,
            .timeout = reading.rpc_timeout,
            .agreement = std::min<unsigned>(reading.rpc_agreement,
                                            std::max(1U, static_cast<unsigned>(chain.urls.size())))};
}

}  // namespace lamda::streamrunner
