#include "services/node-agent/onchain/file_tx_queue.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "runtime/app.hpp"

namespace lamda::agent {

using txsender::IntentState;
using txsender::TxQueueEntry;
using Json = nlohmann::json;

namespace {

constexpr int kFormat = 1;
constexpr CrashNames kCrash{"agent.ledger.written", "agent.ledger.renamed"};

Json block_value(const BlockRef& block) {
    return {{"number", block.number.value}, {"hash", block.hash.hex()}};
}

Json tx_value(const txsender::StoredTx& tx) {
    return {{"hash", tx.hash.hex()},
            {"raw", to_hex(tx.raw)},
            {"legacy", tx.fee.legacy},
            {"maxFee", to_decimal(tx.fee.max_fee)},
            {"maxPriorityFee", to_decimal(tx.fee.max_priority_fee)},
            {"storedAt", to_rfc3339(tx.stored_at)},
            {"cancels", tx.cancels}};
}

Json entry_value(const TxQueueEntry& entry) {
    Json txs = Json::array();
    for (const auto& tx : entry.txs) {
        txs.push_back(tx_value(tx));
    }
    Json value = {{"key", entry.intent.key},
                  {"to", entry.intent.to.hex()},
                  {"value", to_decimal(entry.intent.value)},
                  {"data", to_hex(entry.intent.data)},
                  {"state", std::string(txsender::to_string(entry.state))},
                  {"txs", std::move(txs)},
                  {"onRevert", std::string(txsender::to_string(entry.intent.on_revert))},
                  {"reverts", entry.reverts},
                  {"reason", entry.reason},
                  {"updatedAt", to_rfc3339(entry.updated_at)}};
    if (entry.nonce) {
        value["nonce"] = *entry.nonce;
    }
    if (entry.gas_limit) {
        value["gasLimit"] = *entry.gas_limit;
    }
    if (entry.mined_in) {
        value["minedIn"] = block_value(*entry.mined_in);
    }
    if (entry.mined_tx) {
        value["minedTx"] = entry.mined_tx->hex();
    }
    return value;
}

std::string text(const Json& value, const char* name) {
    return value.at(name).get<std::string>();
}

txsender::StoredTx tx_from(const Json& value) {
    txsender::StoredTx tx;
    tx.hash = TxHash::parse(text(value, "hash")).value();
    tx.raw = from_hex(text(value, "raw")).value();
    tx.fee.legacy = value.at("legacy").get<bool>();
    tx.fee.max_fee = u256_from_decimal(text(value, "maxFee")).value();
    tx.fee.max_priority_fee = u256_from_decimal(text(value, "maxPriorityFee")).value();
    tx.stored_at = parse_rfc3339(text(value, "storedAt")).value();
    tx.cancels = value.value("cancels", false);  // absent in older files
    return tx;
}

TxQueueEntry entry_from(const Json& value) {
    TxQueueEntry entry;
    entry.intent.key = text(value, "key");
    entry.intent.to = Address::parse(text(value, "to")).value();
    entry.intent.value = u256_from_decimal(text(value, "value")).value();
    entry.intent.data = from_hex(text(value, "data")).value();
    entry.state = txsender::parse_intent_state(text(value, "state")).value();
    for (const auto& tx : value.at("txs")) {
        entry.txs.push_back(tx_from(tx));
    }
    entry.intent.on_revert = txsender::parse_on_revert(value.value("onRevert", "give_up")).value();
    entry.reverts = value.value("reverts", 0U);
    entry.reason = text(value, "reason");
    entry.updated_at = parse_rfc3339(text(value, "updatedAt")).value();
    if (value.contains("nonce")) {
        entry.nonce = value["nonce"].get<std::uint64_t>();
    }
    if (value.contains("gasLimit")) {
        entry.gas_limit = value["gasLimit"].get<std::uint64_t>();
    }
    if (value.contains("minedIn")) {
        entry.mined_in = BlockRef{{value["minedIn"].at("number").get<std::uint64_t>()},
                                  BlockHash::parse(text(value["minedIn"], "hash")).value()};
    }
    if (value.contains("minedTx")) {
        entry.mined_tx = TxHash::parse(text(value, "minedTx")).value();
    }
    return entry;
}

/// Removes the bytes of an intent that ended; its key and result stay.
void drop_payload(TxQueueEntry& entry) {
    entry.txs.clear();
    entry.intent.data.clear();
}

}  // namespace

FileTxQueue::FileTxQueue(std::string path, const Clock& clock) : path_(std::move(path)), clock_(clock) {
    if (const auto json = read_file(path_)) {
        try {
            state_ = decode(*json);
        } catch (const std::exception& error) {
            throw runtime::ConfigError(
                "the transaction queue " + path_ +
                " is damaged: restore it, or move it away once no transaction of the wallet is in flight "
                "(docs/operations.md, \"A damaged ledger of an agent\"): " +
                error.what());
        }
    }
}

std::string FileTxQueue::encode(const txsender::TxQueueState& state) {
    Json entries = Json::array();
    for (const auto& entry : state.entries) {
        entries.push_back(entry_value(entry));
    }
    return Json{{"format", kFormat},
                {"nextNonce", state.next_nonce ? Json(*state.next_nonce) : Json(nullptr)},
                {"entries", std::move(entries)}}
        .dump();
}

txsender::TxQueueState FileTxQueue::decode(const std::string& json) {
    const auto value = Json::parse(json);
    if (value.at("format").get<int>() != kFormat) {
        throw std::invalid_argument("written by another version");
    }
    txsender::TxQueueState state;
    if (const auto& nonce = value.at("nextNonce"); !nonce.is_null()) {
        state.next_nonce = nonce.get<std::uint64_t>();
    }
    for (const auto& entry : value.at("entries")) {
        state.entries.push_back(entry_from(entry));
    }
    return state;
}

template <class Change>
bool FileTxQueue::commit(Change change) {
    const std::lock_guard lock(mutex_);
    auto next = state_;
    if (!change(next)) {
        return false;
    }
    write_durably(path_, encode(next), kCrash);
    state_ = std::move(next);
    return true;
}

bool FileTxQueue::put_intent(const txsender::Intent& intent) {
    return commit([&](auto& state) { return state.add(intent, clock_.now()); });
}

bool FileTxQueue::finish_without_tx(const std::string& key, const std::string& reason) {
    return commit([&](auto& state) {
        auto* entry = state.find(key);
        if (entry == nullptr || entry->nonce || !txsender::is_open(*entry)) {
            return false;
        }
        entry->state = IntentState::kDone;
        entry->reason = reason;
        entry->updated_at = clock_.now();
        drop_payload(*entry);
        return true;
    });
}

std::optional<TxQueueEntry> FileTxQueue::find(const std::string& key) const {
    const std::lock_guard lock(mutex_);
    const auto* entry = state_.find(key);
    return entry == nullptr ? std::nullopt : std::optional(*entry);
}

std::size_t FileTxQueue::open_count() const {
    const std::lock_guard lock(mutex_);
    return static_cast<std::size_t>(
        std::count_if(state_.entries.begin(), state_.entries.end(), txsender::is_open));
}

void FileTxQueue::forget_done(Timestamp before) {
    commit([&](auto& state) {
        return std::erase_if(state.entries, [&](const TxQueueEntry& entry) {
                   return entry.state == IntentState::kDone && entry.updated_at < before;
               }) > 0;
    });
}

std::vector<TxQueueEntry> FileTxQueue::in_flight(const txsender::ChainLook& look, std::size_t most) {
    const std::lock_guard lock(mutex_);
    return state_.in_flight(look, most);
}

std::vector<TxQueueEntry> FileTxQueue::waiting(std::size_t most) {
    const std::lock_guard lock(mutex_);
    return state_.waiting(most);
}

std::optional<std::uint64_t> FileTxQueue::next_nonce() {
    const std::lock_guard lock(mutex_);
    return state_.next_nonce;
}

U256 FileTxQueue::spent_since(Timestamp) {
    return 0;
}

std::vector<std::optional<std::uint64_t>> FileTxQueue::allocate(
    const std::vector<txsender::Allocation>& wanted, std::uint64_t at_least) {
    std::vector<std::optional<std::uint64_t>> given;
    commit([&](auto& state) {
        given = state.allocate(wanted, at_least, clock_.now());
        return std::any_of(given.begin(), given.end(), [](const auto& nonce) { return nonce.has_value(); });
    });
    return given;
}

bool FileTxQueue::fill(std::uint64_t nonce, const Address& wallet, std::uint64_t gas_limit) {
    return commit([&](auto& state) { return state.fill(nonce, wallet, gas_limit, clock_.now()); });
}

std::vector<bool> FileTxQueue::store(const std::vector<txsender::NewTx>& txs) {
    std::vector<bool> stored;
    commit([&](auto& state) {
        stored = state.store(txs, clock_.now());
        return std::find(stored.begin(), stored.end(), true) != stored.end();
    });
    return stored;
}

void FileTxQueue::park(const std::vector<txsender::Parked>& parked) {
    commit([&](auto& state) { return state.park(parked, clock_.now()); });
}

void FileTxQueue::mark_sent(const std::vector<std::string>& keys) {
    commit([&](auto& state) { return state.mark_sent(keys, clock_.now()); });
}

void FileTxQueue::mark_mined(const std::vector<txsender::MinedTx>& mined) {
    commit([&](auto& state) { return state.mark_mined(mined, clock_.now()); });
}

void FileTxQueue::mark_unmined(const std::vector<std::string>& keys) {
    commit([&](auto& state) { return state.mark_unmined(keys, clock_.now()); });
}

void FileTxQueue::mark_done(const std::vector<txsender::MinedTx>& done) {
    commit([&](auto& state) {
        const bool changed = state.mark_done(done, clock_.now());
        for (const auto& one : done) {
            if (auto* entry = state.find(one.key); entry != nullptr && entry->state == IntentState::kDone) {
                drop_payload(*entry);
            }
        }
        return changed;
    });
}

void FileTxQueue::mark_failed(const std::string& key, std::optional<std::uint64_t> nonce,
                              const std::string& reason) {
    commit([&](auto& state) { return state.mark_failed(key, nonce, reason, clock_.now()); });
}

void FileTxQueue::release_nonce(const std::string& key, std::uint64_t nonce, const std::string& reason,
                                bool reverted) {
    commit([&](auto& state) { return state.release_nonce(key, nonce, reason, reverted, clock_.now()); });
}

}  // namespace lamda::agent
