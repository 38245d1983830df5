// Sender against a real node: dropped pool, restart, high base fee, empty wallet.
#include <catch2/catch.hpp>

#include "rpcpool/multi_rpc.hpp"
#include "testkit/patience.hpp"
#include "testkit/process.hpp"
#include "testkit/servers.hpp"
#include "txsender/sender.hpp"
#include "txsender/testing/memory_tx_queue.hpp"

using namespace lamda;
using namespace lamda::txsender;

namespace {

const Address kTarget = *Address::parse("0x1000000000000000000000000000000000000001");

/// A node that mines only on demand.
struct Scene {
    testkit::TempDir dir{"sender"};
    testkit::Anvil anvil{dir.path(), {ChainId{97}, 0, 1}};
    SystemClock clock;
    rpcpool::MultiRpc rpc{{.urls = {anvil.url()}, .chain = ChainId{97}, .timeout = testkit::kCallTimeout},
                          clock,
                          telemetry::Log::none()};
    std::unique_ptr<crypto::LocalSigner> signer = *crypto::LocalSigner::from_hex(testkit::dev_key(0));
    telemetry::Metrics metrics;
    telemetry::Health health;
    MemoryTxQueue tx_queue;
    PolicyByKey signing{[](std::string_view key) -> Result<Call> {
        return key.starts_with("intent:") ? Result<Call>(Call{kTarget, 1, {}}) : Error{"unknown_key", "", ""};
    }};
    std::unique_ptr<Sender> sender;

    Scene() {
        SenderConfig config;
        config.name = "anvil";
        config.chain_id = ChainId{97};
        config.min_priority_fee = 1'000'000;
        config.max_fee_cap = 1'000'000'000'000;
        config.rebroadcast_after = Millis(0);
        config.bump_after_blocks = 3;
        sender = std::make_unique<Sender>(config, rpc, *signer, tx_queue, signing,
                                          telemetry::Context{clock, telemetry::Log::none(), metrics, health},
                                          nullptr);
        anvil.call("evm_setAutomine", "[false]");
        for (int i = 0; i < 3; ++i) {
            tx_queue.add({"intent:" + std::to_string(i), kTarget, 1, {}});
        }
        sender->step();
        REQUIRE(waiting() == 3);
    }
    std::uint64_t waiting() {
        return rpc.transaction_count(signer->address(), eth::Tag::kPending) -
               rpc.transaction_count(signer->address(), eth::Tag::kLatest);
    }
    void mine(int blocks = 1) { anvil.call("anvil_mine", "[\"0x" + std::to_string(blocks) + "\"]"); }
    void set_balance(const std::string& wei) {
        anvil.call("anvil_setBalance", "[\"" + signer->address().hex() + "\",\"" + wei + "\"]");
    }
    /// Requires that all intents are done, once each.
    void settle() {
        const bool settled = testkit::wait_until([&] {
            try {
                sender->step();
            } catch (const net::TransportError&) {  // the node restarts
            }
            mine();
            return tx_queue.all_settled();
        });
        REQUIRE(settled);
        CHECK(rpc.balance(kTarget, eth::Tag::kLatest) == 3);
        CHECK(rpc.transaction_count(signer->address(), eth::Tag::kLatest) == 3);
    }
};

}  // namespace

TEST_CASE("a real node that mines at once: intents are sent, mined and final, each once") {
    testkit::TempDir dir{"sender"};
    testkit::Anvil anvil{dir.path(), {ChainId{97}, 0, 32}};
    SystemClock clock;
    rpcpool::MultiRpc rpc{{.urls = {anvil.url()}, .chain = ChainId{97}, .timeout = testkit::kCallTimeout},
                          clock,
                          telemetry::Log::none()};
    const std::unique_ptr<crypto::LocalSigner> signer =
        std::move(crypto::LocalSigner::from_hex(testkit::dev_key(0))).value();
    telemetry::Metrics metrics;
    telemetry::Health health;
    MemoryTxQueue tx_queue;
    SenderConfig config;
    config.name = "anvil";
    config.chain_id = ChainId{97};
    config.min_priority_fee = 1'000'000;
    config.max_fee_cap = 10'000'000'000;
    PolicyByKey signing([](std::string_view) -> Result<Call> { return Call{kTarget, 1, {}}; });
    Sender sender(config, rpc, *signer, tx_queue, signing, {clock, telemetry::Log::none(), metrics, health},
                  nullptr);
    for (int i = 0; i < 20; ++i) {
        tx_queue.add({"intent:" + std::to_string(i), kTarget, 1, {}});
    }
    for (int i = 0; i < 10; ++i) {
        sender.step();
    }
    CHECK(rpc.balance(kTarget, eth::Tag::kLatest) == 20);
    CHECK_FALSE(tx_queue.all_settled());
    anvil.call("anvil_mine", "[\"0x50\"]");
    sender.step();
    CHECK(tx_queue.all_settled());
    CHECK(rpc.balance(kTarget, eth::Tag::kLatest) == 20);
}

TEST_CASE("a real node that drops its pool gets the same bytes again") {
    Scene scene;
    scene.anvil.call("anvil_dropAllTransactions", "[]");
    REQUIRE(scene.waiting() == 0);
    scene.sender->step();
    CHECK(scene.waiting() == 3);
    CHECK(scene.tx_queue.at("intent:0").txs.size() == 1);
    scene.settle();
}

TEST_CASE("a real node that was restarted with an empty pool gets the same bytes again") {
    Scene scene;
    scene.anvil.stop();
    scene.anvil.start();
    scene.anvil.call("evm_setAutomine", "[false]");
    scene.settle();
}

TEST_CASE("transactions are sent again to a real node until the empty wallet is filled") {
    Scene scene;
    scene.anvil.call("anvil_dropAllTransactions", "[]");
    scene.set_balance("0x0");
    scene.sender->step();
    CHECK(scene.waiting() == 0);
    CHECK_FALSE(scene.health.ready());
    scene.set_balance("0xde0b6b3a7640000");
    scene.settle();
}

TEST_CASE("a real node whose base fee rises a hundredfold and falls again mines every intent once") {
    Scene scene;
    const auto first = scene.tx_queue.at("intent:0").txs.front().fee;
    const auto dear = to_u64(first.max_fee).value() * 100;
    for (int i = 0; i < 6; ++i) {
        scene.anvil.call("anvil_setNextBlockBaseFeePerGas", "[\"" + to_quantity(dear) + "\"]");
        scene.mine();
        scene.sender->step();
    }
    CHECK(scene.tx_queue.at("intent:0").txs.size() > 1);  // same nonce, higher fee
    CHECK(scene.tx_queue.at("intent:0").nonce == 0U);
    scene.anvil.call("anvil_setNextBlockBaseFeePerGas", "[\"" + to_quantity(first.max_fee / 2) + "\"]");
    scene.settle();
}
