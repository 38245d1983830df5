#include "services/reputation/config.hpp"

#include <algorithm>

#include "runtime/server_settings.hpp"

namespace lamda::reputation {

namespace {

template <class T>
std::optional<T> maybe(runtime::Settings& settings, const std::string& name, const std::string& help) {
    const auto number = settings.maybe_number(name, help);
    return number ? std::optional(T{*number}) : std::nullopt;
}

/// Wei per gas. A smaller number was meant in gwei: opBNB's minimum is a thousand times this.
constexpr int kLeastFeeCap = 1'000;

void read_fees(runtime::Settings& settings, Config& config) {
    constexpr auto kCap = "OPBNB_MAX_FEE_CAP";
    config.max_fee_cap =
        settings.number(kCap, "maximum fee, in wei per gas", 1'000'000'000, 1, 1'000'000'000'000'000);
    config.min_priority_fee =
        settings.number("OPBNB_MIN_PRIORITY_FEE", "priority fee of a first attempt, in wei per gas",
                        1'000'000, 0, 1'000'000'000'000'000);
    if (config.max_fee_cap < kLeastFeeCap) {
        settings.mistake(kCap,
                         "is in wei per gas, and this is below any chain's minimum; 1 gwei is 1000000000");
    }
    if (config.max_fee_cap < config.min_priority_fee) {
        settings.mistake(kCap, "is less than OPBNB_MIN_PRIORITY_FEE: no transaction could pay its tip");
    }
    const auto type = settings.text("OPBNB_FEE_TYPE",
                                    "fee type of transactions: eip1559, or legacy (a gas price)", "eip1559");
    config.legacy_fees = type == "legacy";
    if (type != "legacy" && type != "eip1559") {
        settings.mistake("OPBNB_FEE_TYPE", "must be eip1559 or legacy");
    }
}

void read_limits(runtime::Settings& settings, Config& config) {
    constexpr auto kBudget = "OPBNB_DAILY_BUDGET";
    if (const auto text = settings.maybe_text(kBudget, "wei for gas in one UTC day; absent: no limit")) {
        const auto wei = u256_from_decimal(*text);
        if (!wei || *wei == 0) {
            settings.mistake(kBudget, "must be a number of wei above 0");
        } else {
            config.daily_budget = *wei;
        }
    }
    config.max_unmined = settings.number(
        "OPBNB_MAX_UNMINED", "maximum number of sent transactions that are not mined", 64, 1, 1'000);
    config.low_at = settings.number(
        "WALLET_LOW_AT", "warn if the wallet's balance pays for fewer transactions", 200, 0, 1'000'000);
}

}  // namespace

Config read_config(runtime::Settings& settings) {
    Config config;
    config.database_url = runtime::read_database_url(settings);
    config.bsc.urls = settings.urls("BSC_RPC_URL", "JSON-RPC endpoints of BSC");
    config.bsc.chain_id =
        maybe<ChainId>(settings, "BSC_CHAIN_ID", "97 testnet, 56 mainnet; unset: the first chain seen");
    config.bsc.contract = settings.address("JOB_MANAGER_CONTRACT_ADDRESS", "JobManager on BSC");
    config.bsc.start_block =
        maybe<BlockNum>(settings, "JOB_MANAGER_START_BLOCK",
                        "block of JobManager's deployment; unset: searched by eth_getCode");
    config.bsc.finality_max_age = settings.duration(
        "BSC_FINALITY_MAX_AGE", "maximum age of a finalized block; an older one is not used", "60s");
    config.opbnb.urls = settings.urls("OPBNB_RPC_URL", "JSON-RPC endpoints of opBNB");
    config.opbnb.chain_id =
        maybe<ChainId>(settings, "OPBNB_CHAIN_ID", "5611 testnet, 204 mainnet; unset: the first chain seen");
    config.opbnb.contract = settings.address("NODE_REPUTATION_CONTRACT_ADDRESS", "NodeReputation on opBNB");
    config.opbnb.start_block =
        maybe<BlockNum>(settings, "NODE_REPUTATION_START_BLOCK",
                        "block of NodeReputation's deployment; unset: searched by eth_getCode");
    config.opbnb.finality_max_age = settings.duration(
        "OPBNB_FINALITY_MAX_AGE", "maximum age of a finalized block; an older one is not used", "5m");
    config.rpc_timeout = settings.positive_duration("RPC_TIMEOUT", "timeout of one JSON-RPC call", "10s");
    config.rpc_agreement = static_cast<unsigned>(
        settings.number("RPC_AGREEMENT", "endpoints that must name the same finalized block", 1, 1, 16));
    if (config.rpc_agreement >
        std::max<std::size_t>(1, std::min(config.bsc.urls.size(), config.opbnb.urls.size()))) {
        settings.mistake("RPC_AGREEMENT", "is greater than the number of endpoints of each chain");
    }
    config.verify_receipts = settings.boolean(
        "VERIFY_RECEIPTS", "read logs from the blocks' receipts, verified by the header's receipts root",
        false);
    config.audit_pace = settings.duration(
        "SWEEP_PACE", "audit: pause between two ranges of final blocks that are read again; 0s: no audit",
        "10s");
    config.from_block =
        maybe<BlockNum>(settings, "REPUTATION_FROM_BLOCK",
                        "BSC block; confirmations before it were counted by an earlier system");
    read_fees(settings, config);
    read_limits(settings, config);
    config.wallet = wallet::read_wallet(settings, {"ADMIN_WALLET", "admin-wallet", "the admin wallet's key"});
    return config;
}

}  // namespace lamda::reputation
