#include "services/reputation/config.hpp"

#include "runtime/server_settings.hpp"

namespace lamda::reputation {

namespace {

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
    config.bsc = streamrunner::read_bsc(settings);
    config.opbnb = streamrunner::read_opbnb(settings);
    config.reading = streamrunner::read_reading(settings, {&config.bsc, &config.opbnb});
    if (const auto block =
            settings.maybe_number("REPUTATION_FROM_BLOCK",
                                  "BSC block; confirmations before it were counted by an earlier system")) {
        config.from_block = BlockNum{*block};
    }
    read_fees(settings, config);
    read_limits(settings, config);
    config.wallet = wallet::read_wallet(settings, {"ADMIN_WALLET", "admin-wallet", "the admin wallet's key"});
    return config;
}

}  // namespace lamda::reputation
