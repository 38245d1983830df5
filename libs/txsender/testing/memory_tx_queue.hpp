// MemoryTxQueue: a TxQueue in memory, for tests.
#pragma once

#include <algorithm>
#include <functional>
#include <map>
#include <vector>

#include "txsender/tx_queue_state.hpp"

namespace lamda::txsender {

class MemoryTxQueue final : public TxQueue {
  private:
    template <class Change>
    auto write(Change change) {
        chaos();
        auto out = change();
        chaos();
        return out;
    }

  public:
    TxQueueState state;
    Timestamp now{};
    U256 spent = 0;
    /// Called before and after each write; may throw, as if the process was killed there.
    std::function<void()> chaos = [] {};
    std::size_t released = 0;
    std::map<std::string, U256> paid;  ///< wei, of done intents

    void add(const Intent& intent) { state.add(intent, now); }
    TxQueueEntry& at(const std::string& key) { return *state.find(key); }
    bool all_settled() const { return std::none_of(state.entries.begin(), state.entries.end(), is_open); }

    std::vector<TxQueueEntry> in_flight(const ChainLook& look, std::size_t most) override {
        return state.in_flight(look, most);
    }
    std::vector<TxQueueEntry> waiting(std::size_t most) override { return state.waiting(most); }
    std::optional<std::uint64_t> next_nonce() override { return state.next_nonce; }
    U256 spent_since(Timestamp) override { return spent; }
    std::vector<std::optional<std::uint64_t>> allocate(const std::vector<Allocation>& wanted,
                                                       std::uint64_t at_least) override {
        return write([&] { return state.allocate(wanted, at_least, now); });
    }
    bool fill(std::uint64_t nonce, const Address& wallet, std::uint64_t gas_limit) override {
        return write([&] { return state.fill(nonce, wallet, gas_limit, now); });
    }
    std::vector<bool> store(const std::vector<NewTx>& txs) override {
        return write([&] { return state.store(txs, now); });
    }
    void park(const std::vector<Parked>& parked) override {
        write([&] { return state.park(parked, now); });
    }
    void mark_sent(const std::vector<std::string>& keys) override {
        write([&] { return state.mark_sent(keys, now); });
    }
    void mark_mined(const std::vector<MinedTx>& mined) override {
        write([&] { return state.mark_mined(mined, now); });
    }
    void mark_unmined(const std::vector<std::string>& keys) override {
        write([&] { return state.mark_unmined(keys, now); });
    }
    void mark_done(const std::vector<MinedTx>& done) override {
        for (const auto& one : done) {
            paid[one.key] = one.paid;
        }
        write([&] { return state.mark_done(done, now); });
    }
    void mark_failed(const std::string& key, std::optional<std::uint64_t> nonce,
                     const std::string& reason) override {
        write([&] { return state.mark_failed(key, nonce, reason, now); });
    }
    void release_nonce(const std::string& key, std::uint64_t nonce, const std::string& reason,
                       bool reverted) override {
        released += write([&] { return state.release_nonce(key, nonce, reason, reverted, now); }) ? 1 : 0;
    }
};

}  // namespace lamda::txsender
