// The sender that the tests of this executable start, stop and kill, in its own process.
#include <unistd.h>

#include <catch2/catch.hpp>
#include <condition_variable>
#include <csignal>
#include <cstdlib>
#include <iostream>
#include <mutex>
#include <stop_token>
#include <thread>

#include "chaos/sender_scene.hpp"
#include "pgledger/pg_tx_queue.hpp"
#include "rpcpool/multi_rpc.hpp"
#include "txsender/sender.hpp"

using namespace lamda;

namespace {

std::string setting(const char* name) {
    const char* value = std::getenv(name);
    return value == nullptr ? "" : value;
}

/// The real transaction queue, which stops the process before or after a write.
class StoppingTxQueue final : public txsender::TxQueue {
  public:
    StoppingTxQueue(txsender::TxQueue& real, std::string stop_at)
        : real_(real), stop_at_(std::move(stop_at)) {}

    std::vector<txsender::TxQueueEntry> in_flight(const txsender::ChainLook& look,
                                                  std::size_t most) override {
        return real_.in_flight(look, most);
    }
    std::vector<txsender::TxQueueEntry> waiting(std::size_t most) override { return real_.waiting(most); }
    std::optional<std::uint64_t> next_nonce() override { return real_.next_nonce(); }
    U256 spent_since(Timestamp since) override { return real_.spent_since(since); }
    std::vector<std::optional<std::uint64_t>> allocate(const std::vector<txsender::Allocation>& wanted,
                                                       std::uint64_t at_least) override {
        stop_if("before:allocate");
        auto out = real_.allocate(wanted, at_least);
        stop_if("after:allocate");
        return out;
    }
    bool fill(std::uint64_t nonce, const Address& wallet, std::uint64_t gas_limit) override {
        return real_.fill(nonce, wallet, gas_limit);
    }
    std::vector<bool> store(const std::vector<txsender::NewTx>& txs) override {
        stop_if("before:store");
        auto out = real_.store(txs);
        stop_if("after:store");
        return out;
    }
    void park(const std::vector<txsender::Parked>& parked) override { real_.park(parked); }
    void mark_sent(const std::vector<std::string>& keys) override {
        stop_if("before:mark_sent");
        real_.mark_sent(keys);
        stop_if("after:mark_sent");
    }
    void mark_mined(const std::vector<txsender::MinedTx>& mined) override {
        stop_if("before:mark_mined");
        real_.mark_mined(mined);
        stop_if("after:mark_mined");
    }
    void mark_unmined(const std::vector<std::string>& keys) override { real_.mark_unmined(keys); }
    void mark_done(const std::vector<txsender::MinedTx>& done) override {
        stop_if("before:mark_done");
        real_.mark_done(done);
        stop_if("after:mark_done");
    }
    void mark_failed(const std::string& key, std::optional<std::uint64_t> nonce,
                     const std::string& reason) override {
        real_.mark_failed(key, nonce, reason);
    }
    void release_nonce(const std::string& key, std::uint64_t nonce, const std::string& reason,
                       bool reverted) override {
        stop_if("before:release_nonce");
        real_.release_nonce(key, nonce, reason, reverted);
        stop_if("after:release_nonce");
    }

  private:
    void stop_if(const std::string& where) {
        if (where == stop_at_) {
            stop_at_.clear();
            std::raise(SIGSTOP);
        }
    }

    txsender::TxQueue& real_;
    std::string stop_at_;
};

/// Kills this process by SIGUSR1 `micros` after its n-th step began. Counting steps gives a run on a slow
/// machine as much work as on a fast one. No kill after destruction: the work is then done.
class Lifetime {
  public:
    /// @param text `<steps>:<micros>`; empty: no limit
    explicit Lifetime(const std::string& text) {
        if (!text.empty()) {
            const auto colon = text.find(':');
            steps_left_ = std::stoul(text.substr(0, colon));
            after_ = std::chrono::microseconds(std::stoul(text.substr(colon + 1)));
        }
    }
    void step() {
        if (steps_left_ > 0 && --steps_left_ == 0) {
            timer_ = std::jthread([after = after_](const std::stop_token& stop) {
                std::mutex mutex;
                std::unique_lock lock(mutex);
                if (!std::condition_variable_any().wait_for(lock, stop, after,
                                                            [&] { return stop.stop_requested(); })) {
                    ::kill(::getpid(), SIGUSR1);
                }
            });
        }
    }

  private:
    std::size_t steps_left_ = 0;
    std::chrono::microseconds after_{0};
    std::jthread timer_;
};

bool settled(store::Database& db, const Address& wallet) {
    return db.transact([&](store::Txn& txn) {
        return txn
            .exec("SELECT 1 FROM chain.intent WHERE wallet = $1 AND state NOT IN ('done', 'failed')",
                  {wallet})
            .empty();
    });
}

}  // namespace

TEST_CASE("sends until nothing is left", "[.sender-victim]") {
    const SystemClock clock;
    store::Database db(setting("VICTIM_DSN"), "victim", 2);
    const auto signer = *crypto::LocalSigner::from_hex(setting("VICTIM_KEY"));
    txsender::SenderConfig config;
    config.name = "chaos";
    config.chain_id = ChainId{97};
    config.min_priority_fee = 10;
    config.max_fee_cap = 1'000'000;
    config.max_unmined = 4;
    config.rebroadcast_after = Millis(50);
    config.bump_after_blocks = 8;
    rpcpool::MultiRpc rpc({.urls = {setting("VICTIM_RPC_1"), setting("VICTIM_RPC_2")},
                           .chain = config.chain_id,
                           .timeout = Millis(30'000)},
                          clock, telemetry::Log::none());
    pgledger::PgTxQueue real(db, signer->address(), config.chain_id);
    StoppingTxQueue tx_queue(real, setting("VICTIM_STOP_AT"));
    telemetry::Metrics metrics;
    telemetry::Health health;
    txsender::PolicyByKey policy(&chaos::SenderScene::call_of);
    txsender::Sender sender(config, rpc, *signer, tx_queue, policy,
                            {clock, telemetry::Log::none(), metrics, health}, {});
    Lifetime lifetime(setting("VICTIM_LIFETIME"));
    while (!settled(db, signer->address())) {
        lifetime.step();
        try {
            sender.step();
        } catch (const std::logic_error&) {
            throw;
        } catch (const std::exception& error) {  // usually of an endpoint: run() would wait and retry
            std::cerr << error.what() << "\n";
        }
        std::this_thread::sleep_for(Millis(2));
    }
}
