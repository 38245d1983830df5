// A TxLedger in memory, for tests.
#pragma once

#include <algorithm>
#include <functional>
#include <stdexcept>
#include <vector>

#include "chain/sender.hpp"

namespace lamda::chain {

class MemoryLedger final : public TxLedger {
  public:
    std::vector<LedgerEntry> entries;
    std::optional<std::uint64_t> next;
    /// Called around each write; may throw: the process died before, or after, it was durable.
    std::function<void()> chaos = [] {};
    std::size_t released = 0;

    void add(const Intent& intent) {
        LedgerEntry entry;
        entry.intent = intent;
        entries.push_back(entry);
    }
    LedgerEntry& at(const std::string& key) {
        return *std::find_if(entries.begin(), entries.end(),
                             [&](const auto& e) { return e.intent.key == key; });
    }
    bool all_settled() const {
        return std::all_of(entries.begin(), entries.end(), [](const auto& e) {
            return e.state == IntentState::kDone || e.state == IntentState::kFailed;
        });
    }

    std::vector<LedgerEntry> open_entries(std::size_t most) override {
        std::vector<LedgerEntry> out;
        for (const auto& entry : entries) {
            if (entry.state != IntentState::kDone && entry.state != IntentState::kFailed &&
                out.size() < most) {
                out.push_back(entry);
            }
        }
        return out;
    }
    std::optional<std::uint64_t> next_nonce() override { return next; }
    std::optional<std::uint64_t> allocate(const std::string& key, std::uint64_t at_least,
                                          std::uint64_t gas) override {
        chaos();
        auto& entry = at(key);
        if (entry.nonce || (entry.state != IntentState::kPending && entry.state != IntentState::kParked)) {
            return std::nullopt;
        }
        entry.nonce = std::max(next.value_or(0), at_least);
        entry.gas_limit = gas;
        entry.state = IntentState::kAllocated;
        next = *entry.nonce + 1;
        const auto nonce = entry.nonce;
        chaos();
        return nonce;
    }
    bool store_tx(const std::string& key, std::uint64_t nonce, const StoredTx& tx) override {
        chaos();
        auto& entry = at(key);
        if (entry.nonce != nonce) {
            return false;
        }
        entry.txs.push_back(tx);
        chaos();
        return true;
    }
    void park(const std::string& key, const std::string& reason) override {
        write(key, IntentState::kParked, [&](auto& entry) { entry.reason = reason; });
    }
    void mark_sent(const std::string& key) override {
        write(key, IntentState::kSent, [](auto&) {});
    }
    void mark_mined(const std::string& key, const TxHash& tx, const BlockRef& block) override {
        write(key, IntentState::kMined, [&](auto& entry) {
            entry.mined_tx = tx;
            entry.mined_in = block;
        });
    }
    void mark_unmined(const std::string& key) override {
        write(key, IntentState::kSent, [](auto& entry) {
            entry.mined_tx.reset();
            entry.mined_in.reset();
        });
    }
    void mark_done(const std::string& key, const TxHash&, const BlockRef&) override {
        write(key, IntentState::kDone, [](auto&) {});
    }
    void mark_failed(const std::string& key, const std::string& reason) override {
        write(key, IntentState::kFailed, [&](auto& entry) { entry.reason = reason; });
    }
    void release_nonce(const std::string& key, const std::string&) override {
        write(key, IntentState::kPending, [&](auto& entry) {
            entry.nonce.reset();
            entry.txs.clear();
            ++released;
        });
    }

  private:
    template <class F>
    void write(const std::string& key, IntentState state, F&& change) {
        chaos();
        auto& entry = at(key);
        entry.state = state;
        change(entry);
        chaos();
    }
};

}  // namespace lamda::chain
