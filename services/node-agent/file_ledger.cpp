#include "file_ledger.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace lamda::agent {

using chain::IntentState;
using chain::LedgerEntry;
using Json = nlohmann::json;

namespace {

constexpr int kFormat = 1;
constexpr CrashNames kCrash{"agent.ledger.written", "agent.ledger.renamed"};

bool open(const LedgerEntry& entry) {
    return entry.state != IntentState::kDone && entry.state != IntentState::kFailed;
}

bool waiting(const LedgerEntry& entry) {
    return !entry.nonce && (entry.state == IntentState::kPending || entry.state == IntentState::kParked);
}

Json block_value(const BlockRef& block) {
    return {{"number", block.number.value}, {"hash", block.hash.hex()}};
}

Json tx_value(const chain::StoredTx& tx) {
    return {{"hash", tx.hash.hex()},
            {"raw", to_hex(tx.raw)},
            {"legacy", tx.fee.legacy},
            {"maxFee", to_decimal(tx.fee.max_fee)},
            {"maxPriorityFee", to_decimal(tx.fee.max_priority_fee)},
            {"storedAt", to_rfc3339(tx.stored_at)}};
}

Json entry_value(const LedgerEntry& entry) {
    Json txs = Json::array();
    for (const auto& tx : entry.txs) {
        txs.push_back(tx_value(tx));
    }
    Json value = {{"key", entry.intent.key},
                  {"to", entry.intent.to.hex()},
                  {"value", to_decimal(entry.intent.value)},
                  {"data", to_hex(entry.intent.data)},
                  {"state", std::string(chain::to_string(entry.state))},
                  {"txs", std::move(txs)},
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

chain::StoredTx tx_from(const Json& value) {
    chain::StoredTx tx;
    tx.hash = TxHash::parse(text(value, "hash")).value();
    tx.raw = from_hex(text(value, "raw")).value();
    tx.fee.legacy = value.at("legacy").get<bool>();
    tx.fee.max_fee = u256_from_decimal(text(value, "maxFee")).value();
    tx.fee.max_priority_fee = u256_from_decimal(text(value, "maxPriorityFee")).value();
    tx.stored_at = parse_rfc3339(text(value, "storedAt")).value();
    return tx;
}

LedgerEntry entry_from(const Json& value) {
    LedgerEntry entry;
    entry.intent.key = text(value, "key");
    entry.intent.to = Address::parse(text(value, "to")).value();
    entry.intent.value = u256_from_decimal(text(value, "value")).value();
    entry.intent.data = from_hex(text(value, "data")).value();
    entry.state = chain::parse_intent_state(text(value, "state")).value();
    for (const auto& tx : value.at("txs")) {
        entry.txs.push_back(tx_from(tx));
    }
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

/// What is kept of an intent that ended: its key and what became of it.
void slim(LedgerEntry& entry) {
    entry.txs.clear();
    entry.intent.data.clear();
}

}  // namespace

FileTxLedger::FileTxLedger(std::string path, const Clock& clock) : path_(std::move(path)), clock_(clock) {
    if (const auto json = read_file(path_)) {
        try {
            state_ = decode(*json);
        } catch (const std::exception& error) {
            throw DiskError("the transaction ledger " + path_ + " cannot be read: " + error.what());
        }
    }
}

std::string FileTxLedger::encode(const State& state) {
    Json entries = Json::array();
    for (const auto& entry : state.entries) {
        entries.push_back(entry_value(entry));
    }
    return Json{{"format", kFormat},
                {"nextNonce", state.next_nonce ? Json(*state.next_nonce) : Json(nullptr)},
                {"entries", std::move(entries)}}
        .dump();
}

FileTxLedger::State FileTxLedger::decode(const std::string& json) {
    const auto value = Json::parse(json);
    if (value.at("format").get<int>() != kFormat) {
        throw std::invalid_argument("written by another version");
    }
    State state;
    if (const auto& nonce = value.at("nextNonce"); !nonce.is_null()) {
        state.next_nonce = nonce.get<std::uint64_t>();
    }
    for (const auto& entry : value.at("entries")) {
        state.entries.push_back(entry_from(entry));
    }
    return state;
}

template <class Change>
bool FileTxLedger::commit(Change change) {
    const std::lock_guard lock(mutex_);
    State next = state_;
    if (!change(next)) {
        return false;
    }
    write_durably(path_, encode(next), kCrash);
    state_ = std::move(next);
    return true;
}

template <class Change>
bool FileTxLedger::commit_entry(const std::string& key, Change change) {
    return commit([&](State& state) {
        for (auto& entry : state.entries) {
            if (entry.intent.key == key) {
                if (!change(entry, state)) {
                    return false;
                }
                entry.updated_at = clock_.now();
                return true;
            }
        }
        return false;
    });
}

bool FileTxLedger::put_intent(const chain::Intent& intent) {
    return commit([&](State& state) {
        for (const auto& entry : state.entries) {
            if (entry.intent.key == intent.key) {
                return false;
            }
        }
        LedgerEntry entry;
        entry.intent = intent;
        entry.updated_at = clock_.now();
        state.entries.push_back(std::move(entry));
        return true;
    });
}

bool FileTxLedger::finish_without_tx(const std::string& key, const std::string& reason) {
    return commit_entry(key, [&](LedgerEntry& entry, State&) {
        if (!waiting(entry)) {
            return false;
        }
        entry.state = IntentState::kDone;
        entry.reason = reason;
        slim(entry);
        return true;
    });
}

std::optional<LedgerEntry> FileTxLedger::find(const std::string& key) const {
    const std::lock_guard lock(mutex_);
    for (const auto& entry : state_.entries) {
        if (entry.intent.key == key) {
            return entry;
        }
    }
    return std::nullopt;
}

std::size_t FileTxLedger::open_count() const {
    const std::lock_guard lock(mutex_);
    return static_cast<std::size_t>(std::count_if(state_.entries.begin(), state_.entries.end(), open));
}

void FileTxLedger::forget_done(Timestamp before) {
    commit([&](State& state) {
        return std::erase_if(state.entries, [&](const LedgerEntry& entry) {
                   return entry.state == IntentState::kDone && entry.updated_at < before;
               }) > 0;
    });
}

std::vector<LedgerEntry> FileTxLedger::open_entries(std::size_t most) {
    const std::lock_guard lock(mutex_);
    std::vector<LedgerEntry> found;
    for (const auto& entry : state_.entries) {
        if (found.size() < most && open(entry)) {
            found.push_back(entry);
        }
    }
    return found;
}

std::optional<std::uint64_t> FileTxLedger::next_nonce() {
    const std::lock_guard lock(mutex_);
    return state_.next_nonce;
}

std::optional<std::uint64_t> FileTxLedger::allocate(const std::string& key, std::uint64_t at_least,
                                                    std::uint64_t gas_limit) {
    std::optional<std::uint64_t> given;
    commit_entry(key, [&](LedgerEntry& entry, State& state) {
        if (!waiting(entry)) {
            return false;
        }
        given = std::max(state.next_nonce.value_or(0), at_least);
        state.next_nonce = *given + 1;
        entry.nonce = given;
        entry.gas_limit = gas_limit;
        entry.state = IntentState::kAllocated;
        entry.reason.clear();
        return true;
    });
    return given;
}

bool FileTxLedger::store_tx(const std::string& key, std::uint64_t nonce, const chain::StoredTx& tx) {
    return commit_entry(key, [&](LedgerEntry& entry, State&) {
        if (entry.nonce != nonce || !open(entry)) {
            return false;
        }
        entry.txs.push_back(tx);
        return true;
    });
}

void FileTxLedger::park(const std::string& key, const std::string& reason) {
    commit_entry(key, [&](LedgerEntry& entry, State&) {
        if (!waiting(entry) || (entry.state == IntentState::kParked && entry.reason == reason)) {
            return false;
        }
        entry.state = IntentState::kParked;
        entry.reason = reason;
        return true;
    });
}

void FileTxLedger::mark_sent(const std::string& key) {
    commit_entry(key, [](LedgerEntry& entry, State&) {
        if (entry.state != IntentState::kAllocated) {
            return false;
        }
        entry.state = IntentState::kSent;
        return true;
    });
}

void FileTxLedger::mark_mined(const std::string& key, const TxHash& tx, const BlockRef& block) {
    commit_entry(key, [&](LedgerEntry& entry, State&) {
        if (!entry.nonce || !open(entry) || (entry.mined_tx == tx && entry.mined_in == block)) {
            return false;
        }
        entry.state = IntentState::kMined;
        entry.mined_tx = tx;
        entry.mined_in = block;
        return true;
    });
}

void FileTxLedger::mark_unmined(const std::string& key) {
    commit_entry(key, [](LedgerEntry& entry, State&) {
        if (entry.state != IntentState::kMined) {
            return false;
        }
        entry.state = IntentState::kSent;
        entry.mined_tx.reset();
        entry.mined_in.reset();
        return true;
    });
}

void FileTxLedger::mark_done(const std::string& key, const TxHash& tx, const BlockRef& block) {
    commit_entry(key, [&](LedgerEntry& entry, State&) {
        if (!entry.nonce || !open(entry)) {
            return false;
        }
        entry.state = IntentState::kDone;
        entry.mined_tx = tx;
        entry.mined_in = block;
        entry.reason.clear();
        slim(entry);
        return true;
    });
}

void FileTxLedger::mark_failed(const std::string& key, const std::string& reason) {
    commit_entry(key, [&](LedgerEntry& entry, State&) {
        if (!open(entry)) {
            return false;
        }
        entry.state = IntentState::kFailed;
        entry.reason = reason;
        return true;
    });
}

void FileTxLedger::release_nonce(const std::string& key, const std::string& reason) {
    commit_entry(key, [&](LedgerEntry& entry, State&) {
        if (!entry.nonce || !open(entry)) {
            return false;
        }
        // The nonce is spent by another transaction for good: what was signed for it can never be mined.
        entry.state = IntentState::kPending;
        entry.nonce.reset();
        entry.gas_limit.reset();
        entry.txs.clear();
        entry.mined_tx.reset();
        entry.mined_in.reset();
        entry.reason = reason;
        return true;
    });
}

}  // namespace lamda::agent
