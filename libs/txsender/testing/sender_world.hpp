// Fixture for tests of a sender: a queue in memory and a scripted chain.
#pragma once

#include <memory>

#include "simulator/scripted_chain.hpp"
#include "txsender/sender.hpp"
#include "txsender/testing/memory_tx_queue.hpp"

namespace lamda::txsender::testing {

using simulator::ScriptedChain;

inline const Address kContract = *Address::parse("0x1000000000000000000000000000000000000001");

/// Thrown by the queue's `chaos`: the process ends here.
struct Died : std::runtime_error {
    Died() : std::runtime_error("the process was killed") {}
};

struct World {
    FakeClock clock{*parse_rfc3339("2026-11-20T10:00:00Z")};
    ScriptedChain chain;
    MemoryTxQueue tx_queue;
    std::unique_ptr<crypto::LocalSigner> signer = *crypto::LocalSigner::from_hex(std::string(63, '0') + "1");
    telemetry::Metrics metrics;
    telemetry::Health health;
    SenderConfig config;
    Precheck precheck;
    OnRevert policy = OnRevert::kGiveUp;
    /// The call of `increment:<n>` is data(n).
    PolicyByKey signing{[this](std::string_view key) { return call_of(key); }};
    std::unique_ptr<Sender> sender;

    explicit World(std::uint64_t seed) : chain(seed, clock) {
        chain.finality_depth = 8;
        config.name = "test";
        config.chain_id = ChainId{97};
        config.min_priority_fee = 10;
        config.max_fee_cap = 1'000'000;
        config.max_unmined = 4;
        restart();
    }
    void restart() {
        sender = std::make_unique<Sender>(config, chain, *signer, tx_queue, signing,
                                          telemetry::Context{clock, telemetry::Log::none(), metrics, health},
                                          precheck);
    }
    Result<Call> call_of(std::string_view key) const {
        constexpr std::string_view kPrefix = "increment:";
        const auto number =
            key.starts_with(kPrefix) ? u256_from_decimal(key.substr(kPrefix.size())) : Error{"", "", ""};
        const auto n = number ? to_u64(*number) : number.error();
        if (!n || *n > 0xffff) {
            return Error{"unknown_key", "the policy does not know the key", ""};
        }
        return Call{kContract, 0, data(*n)};
    }
    Bytes data(std::size_t n) const {
        return {0x7e, static_cast<std::uint8_t>(n >> 8), static_cast<std::uint8_t>(n)};
    }
    void want(std::size_t n) {
        tx_queue.add({"increment:" + std::to_string(n), kContract, 0, data(n), policy});
    }
    TxQueueEntry& entry(std::size_t n) { return tx_queue.at("increment:" + std::to_string(n)); }
    void mine(int blocks = 1) {
        for (int i = 0; i < blocks; ++i) {
            clock.advance(Millis(450));
            chain.mine();
        }
    }
    bool settle() {
        chain.faults = {};
        tx_queue.chaos = [] {};
        for (int i = 0; i < 600 && !tx_queue.all_settled(); ++i) {
            sender->step();
            mine();
        }
        return tx_queue.all_settled();
    }
};

}  // namespace lamda::txsender::testing
