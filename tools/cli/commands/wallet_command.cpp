// `lamda wallet show`: balance, nonces and transactions in flight of each wallet.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "crypto/signer.hpp"
#include "terminal/table.hpp"
#include "terminal/units.hpp"
#include "tools/cli/commands.hpp"
#include "tools/cli/output/printing.hpp"
#include "tools/cli/stores/tx_store.hpp"

namespace lamda::cli {
namespace {

using nlohmann::json;

/// Present values of a wallet on its chain.
struct OnChain {
    U256 balance;  ///< wei
    std::uint64_t latest = 0;
    std::uint64_t pending = 0;
};

/// Reads the wallets on opBNB, if its setting is given. A failed read is a warning.
std::vector<std::optional<OnChain>> read_chain(Context& context, const std::vector<WalletState>& wallets) {
    std::vector<std::optional<OnChain>> out(wallets.size());
    constexpr auto kSetting = "OPBNB_RPC_URL";
    const auto urls = context.maybe_urls(kSetting);
    if (!urls) {
        return out;
    }
    try {
        const auto rpc = context.connect(*urls);
        const auto chain = rpc->chain_id();
        for (std::size_t i = 0; i < wallets.size(); ++i) {
            const auto& address = wallets[i].address;
            if (wallets[i].chain_id == chain.value) {
                out[i] = OnChain{rpc->balance(address, eth::Tag::kLatest),
                                 rpc->transaction_count(address, eth::Tag::kLatest),
                                 rpc->transaction_count(address, eth::Tag::kPending)};
            } else {
                warn(
                    fmt::format("{}: endpoint is on chain {}, wallet {} on chain {}; use an endpoint of the "
                                "wallet's chain",
                                kSetting, chain.value, address.hex(), wallets[i].chain_id));
            }
        }
    } catch (const std::exception& error) {
        warn(fmt::format("{}: {}", kSetting, error.what()));
    }
    return out;
}

json to_json(const WalletState& wallet, const std::optional<OnChain>& on_chain) {
    return {{"address", crypto::checksum_address(wallet.address)},
            {"chain_id", wallet.chain_id},
            {"balance", on_chain ? json(to_decimal(on_chain->balance)) : json(nullptr)},
            {"next_nonce", wallet.next_nonce ? json(*wallet.next_nonce) : json(nullptr)},
            {"latest_nonce", on_chain ? json(on_chain->latest) : json(nullptr)},
            {"pending_nonce", on_chain ? json(on_chain->pending) : json(nullptr)},
            {"waiting", wallet.waiting},
            {"unmined", wallet.unmined},
            {"not_final", wallet.not_final},
            {"failed", wallet.failed},
            {"paid_today", to_decimal(wallet.paid_today)}};
}

terminal::Tone failed_tone(std::string_view count) {
    return count == "0" ? terminal::Tone::kPlain : terminal::Tone::kBad;
}

std::vector<std::string> row_of(const WalletState& wallet, const std::optional<OnChain>& on_chain) {
    return {crypto::checksum_address(wallet.address),
            std::to_string(wallet.chain_id),
            on_chain ? terminal::bnb(on_chain->balance) : "-",
            wallet.next_nonce ? std::to_string(*wallet.next_nonce) : "-",
            on_chain ? fmt::format("{}/{}", on_chain->latest, on_chain->pending) : "-",
            std::to_string(wallet.waiting),
            std::to_string(wallet.unmined),
            std::to_string(wallet.not_final),
            std::to_string(wallet.failed),
            terminal::bnb(wallet.paid_today)};
}

}  // namespace

int show_wallets(Context& context) {
    auto database = context.database("lamda wallet show");
    const auto wallets = or_unread([&] { return read_wallets(*database); });
    const auto on_chain = read_chain(context, wallets);
    using terminal::Kind;
    terminal::Table table({{"WALLET", Kind::kId, 3},
                           {"CHAIN", Kind::kNumber, 0, 3},
                           {"BALANCE", Kind::kAmount, 1},
                           {"NEXT NONCE", Kind::kNumber, 0, 2},
                           {"LATEST/PENDING", Kind::kNumber, 0, 1},
                           {"WAITING", Kind::kNumber},
                           {"UNMINED", Kind::kNumber},
                           {"NOT FINAL", Kind::kNumber},
                           {"FAILED", Kind::kNumber, 0, 0, failed_tone},
                           {"PAID TODAY", Kind::kAmount, 2, 4}});
    auto all = json::array();
    for (std::size_t i = 0; i < wallets.size(); ++i) {
        table.row(row_of(wallets[i], on_chain[i]));
        all.push_back(to_json(wallets[i], on_chain[i]));
    }
    if (context.json()) {
        fmt::print("{}", json_line({{"wallets", all}}));
    } else if (wallets.empty()) {
        fmt::print("no wallet has an intent in this database yet\n");
    } else {
        fmt::print("{}", table.text(context.screen()));
    }
    return 0;
}

}  // namespace lamda::cli
