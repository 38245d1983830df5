// `lamda tx`: lists and shows intents, and records operator requests.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "crypto/address_text.hpp"
#include "crypto/signer.hpp"
#include "telemetry/shown_text.hpp"
#include "terminal/table.hpp"
#include "terminal/units.hpp"
#include "tools/cli/commands.hpp"
#include "tools/cli/output/fields.hpp"
#include "tools/cli/output/printing.hpp"
#include "tools/cli/stores/tx_store.hpp"
#include "txsender/tx_queue.hpp"

namespace lamda::cli {
namespace {

using nlohmann::json;
using terminal::Kind;
using terminal::state_tone;
using terminal::Table;

template <class T>
json maybe(const std::optional<T>& value) {
    return value ? json(*value) : json(nullptr);
}
json maybe(const std::optional<Timestamp>& at) {
    return at ? json(to_rfc3339(*at)) : json(nullptr);
}
json maybe(const std::optional<BlockNum>& block) {
    return block ? json(block->value) : json(nullptr);
}
json maybe(const std::optional<TxHash>& hash) {
    return hash ? json(hash->hex()) : json(nullptr);
}
json maybe(const std::optional<U256>& wei) {
    return wei ? json(to_decimal(*wei)) : json(nullptr);
}

json to_json(const TxState& tx) {
    return {{"key", tx.key},
            {"state", tx.state},
            {"reason", tx.reason},
            {"chain_id", tx.chain_id},
            {"wallet", crypto::checksum_address(tx.wallet)},
            {"nonce", maybe(tx.nonce)},
            {"to", crypto::checksum_address(tx.recipient)},
            {"value", to_decimal(tx.value)},
            {"data", to_hex(tx.data)},
            {"gas_limit", maybe(tx.gas_limit)},
            {"on_revert", tx.on_revert},
            {"wish", maybe(tx.operator_request)},
            {"reverts", tx.reverts},
            {"paid", to_decimal(tx.paid)},
            {"newest_hash", maybe(tx.newest)},
            {"max_fee", maybe(tx.max_fee)},
            {"signed_forms", tx.forms},
            {"mined_tx", maybe(tx.mined_tx)},
            {"mined_block", maybe(tx.mined_block)},
            {"mined_at", maybe(tx.mined_at)},
            {"created_at", to_rfc3339(tx.created_at)},
            {"updated_at", to_rfc3339(tx.updated_at)}};
}

json to_json(const TxForm& form) {
    return {{"nonce", form.nonce},
            {"hash", form.hash.hex()},
            {"type", form.legacy ? 0 : 2},
            {"max_fee", to_decimal(form.max_fee)},
            {"max_priority_fee", to_decimal(form.max_priority_fee)},
            {"cancels", form.cancels},
            {"stored_at", to_rfc3339(form.stored_at)}};
}

std::string table_of(const std::vector<TxState>& txs, const terminal::Screen& screen) {
    Table table({{"KEY", Kind::kId, 4},
                 {"STATE", Kind::kText, 0, 0, state_tone},
                 {"NONCE", Kind::kNumber, 0, 5},
                 {"FORMS", Kind::kNumber, 0, 1},
                 {"MAX FEE", Kind::kAmount, 5, 2},
                 {"TRANSACTION", Kind::kId, 1, 3},
                 {"BLOCK", Kind::kNumber, 0, 4},
                 {"PAID", Kind::kAmount, 3, 6},
                 {"UPDATED", Kind::kTime, 2},
                 {"REASON", Kind::kText, 6}});
    for (const auto& tx : txs) {
        const auto hash = tx.mined_tx ? tx.mined_tx : tx.newest;
        table.row({tx.key, tx.operator_request ? tx.state + " (" + *tx.operator_request + ")" : tx.state,
                   cell(maybe(tx.nonce)), std::to_string(tx.forms),
                   tx.max_fee ? terminal::gwei(*tx.max_fee) : "-", cell(maybe(hash)),
                   cell(maybe(tx.mined_block)), terminal::bnb(tx.paid), to_rfc3339(tx.updated_at),
                   cell(json(tx.reason))});
    }
    return table.text(screen);
}

std::string table_of(const std::vector<TxForm>& forms, const std::optional<TxHash>& mined,
                     const terminal::Screen& screen) {
    Table table({{"NONCE", Kind::kNumber},
                 {"SIGNED FORM", Kind::kId, 2},
                 {"TYPE", Kind::kNumber, 0, 1},
                 {"MAX FEE", Kind::kAmount, 3},
                 {"PRIORITY", Kind::kAmount, 4, 2},
                 {"DOES"},
                 {"STORED", Kind::kTime, 1},
                 {"MINED", Kind::kText, 0, 0, state_tone}});
    for (const auto& form : forms) {
        table.row({std::to_string(form.nonce), form.hash.hex(), form.legacy ? "0" : "2",
                   terminal::gwei(form.max_fee), terminal::gwei(form.max_priority_fee),
                   form.cancels ? "cancel" : "effect", to_rfc3339(form.stored_at),
                   mined == form.hash ? "yes" : "-"});
    }
    return table.text(screen);
}

/// The names are those of JSON; amounts have their units.
std::string listing_of(const TxState& tx) {
    std::vector<std::pair<std::string, std::string>> lines;
    const auto all = to_json(tx);
    for (const char* name : {"key", "state", "reason", "wish", "chain_id", "wallet", "nonce", "to", "value",
                             "data", "gas_limit", "on_revert", "reverts", "paid", "mined_tx", "mined_block",
                             "mined_at", "created_at", "updated_at"}) {
        lines.emplace_back(name, with_unit(name, all.at(name)));
    }
    return terminal::listing(lines);
}

std::string key_of(const std::string& text) {
    return argument(tx_key(text), "key");
}

}  // namespace

int list_txs(Context& context, const TxListOptions& options) {
    TxFilter filter;
    filter.limit = options.limit;
    if (!options.state.empty()) {
        filter.state = to_string(argument(txsender::parse_intent_state(options.state), "--state"));
    }
    if (!options.wallet.empty()) {
        filter.wallet = argument(crypto::parse_address(options.wallet), "--wallet");
    }
    auto database = context.database("lamda tx list");
    const auto txs = or_unread([&] { return read_txs(*database, filter); });
    if (context.json()) {
        auto all = json::array();
        for (const auto& tx : txs) {
            all.push_back(to_json(tx));
        }
        fmt::print("{}", json_line({{"transactions", all}}));
    } else if (txs.empty()) {
        fmt::print("no transaction matches\n");
    } else {
        fmt::print("{}", table_of(txs, context.screen()));
    }
    return 0;
}

int show_tx(Context& context, const std::string& text) {
    const auto key = key_of(text);
    auto database = context.database("lamda tx show");
    const auto txs = or_unread([&] { return read_txs_of(*database, key); });
    if (txs.empty()) {
        throw CommandRefused(1, "unknown key " + key + "; `lamda tx list` shows the keys");
    }
    auto all = json::array();
    for (const auto& tx : txs) {
        const auto forms = or_unread([&] { return read_forms(*database, tx); });
        auto one = to_json(tx);
        one["forms"] = json::array();
        for (const auto& form : forms) {
            one["forms"].push_back(to_json(form));
        }
        if (!context.json()) {
            fmt::print("{}{}{}", all.empty() ? "" : "\n", listing_of(tx),
                       forms.empty() ? "" : "\n" + table_of(forms, tx.mined_tx, context.screen()));
        }
        all.push_back(std::move(one));
    }
    if (context.json()) {
        fmt::print("{}", json_line({{"transactions", all}}));
    }
    return 0;
}

int request_tx(Context& context, const std::string& text, const std::string& operator_request) {
    const auto key = key_of(text);
    auto database = context.database("lamda tx " + operator_request);
    auto answer = or_unread([&] { return request_tx(*database, key, operator_request); });
    constexpr std::string_view kRefused = "refused: ";
    const bool refused = answer.starts_with(kRefused);
    if (refused) {
        answer.erase(0, kRefused.size());
    }
    if (context.json()) {
        fmt::print("{}", json_line({{"key", key}, {"accepted", !refused}, {"answer", answer}}));
    } else if (!refused) {
        fmt::print("{}: {}\n", telemetry::shown_text(key), telemetry::shown_text(answer));
    } else {
        throw CommandRefused(1, key + ": " + answer);
    }
    return refused ? 1 : 0;
}

}  // namespace lamda::cli
