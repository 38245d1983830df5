// Sender under faults of nodes and wallets: it recovers without a manual step.
#include <catch2/catch.hpp>

#include "txsender/testing/sender_world.hpp"

using namespace lamda;
using namespace lamda::txsender;
using namespace lamda::txsender::testing;

TEST_CASE("refusals with any code and any text are shown, and none of them is trusted") {
    // Texts of other nodes, misleading texts, and an empty one.
    const std::vector<std::pair<std::int64_t, std::string>> refusals{
        {-32000, "nonce too low: next nonce 7, tx nonce 3"},
        {-32010, "Transaction with the same hash was already imported."},
        {-32603, "ALREADY_EXISTS: already known"},
        {3, "execution reverted"},
        {-32000, "insufficient funds for gas * price + value"},
        {-32005, "limit exceeded"},
        {-32000, "nonce too high"},
        {0, ""}};
    for (std::uint64_t seed = 1; seed <= 60; ++seed) {
        INFO("seed " << seed);
        World world(seed * 15'485'863);
        auto& random = world.chain.random();
        std::size_t refused = 0;
        world.chain.refusal = [&](const std::string&) {
            const auto& [code, text] = refusals[++refused % refusals.size()];
            return eth::RpcError(code, text, {});
        };
        world.chain.faults.lost_answer = 0.3;
        for (std::size_t n = 0; n < 12; ++n) {
            world.want(n);
            if (random() % 3 == 0) {
                world.restart();  // it sends known transactions again
            }
            if (random() % 4 == 0) {
                world.chain.base_fee = 500 + random() % 20'000;
            }
            if (random() % 5 == 0) {
                world.chain.reorg(1 + random() % 3, random() % 2 == 0);
            }
            world.clock.advance(Millis(5'000));
            try {
                world.sender->step();
            } catch (const net::TransportError&) {
                world.restart();
            }
            world.mine(static_cast<int>(random() % 3));
        }
        world.chain.base_fee = 1'000;
        REQUIRE(world.settle());
        world.mine(20);
        for (std::size_t n = 0; n < 12; ++n) {
            REQUIRE(world.entry(n).state == IntentState::kDone);
            REQUIRE(world.chain.executed(world.data(n)) == 1);
        }
    }
}

TEST_CASE("a refusal without a text does not count as accepted") {
    World world(41);
    world.chain.refusal = [](const std::string&) { return eth::RpcError(0, "", {}); };
    world.want(0);
    world.sender->step();
    world.chain.drop_pool();
    world.chain.wealth = 0;
    world.clock.advance(Millis(4'000));
    world.sender->step();
    CHECK_FALSE(world.health.ready());
    world.chain.wealth = U256(1) << 100;
    REQUIRE(world.settle());
    CHECK(world.chain.executed(world.data(0)) == 1);
}

TEST_CASE("a wallet that is emptied while transactions are in flight continues when it is filled again") {
    World world(42);
    world.want(0);
    world.want(1);
    world.sender->step();
    world.chain.drop_pool();
    world.chain.wealth = 0;
    for (int i = 0; i < 40; ++i) {
        world.mine(2);
        world.clock.advance(Millis(4'000));
        world.sender->step();
    }
    CHECK_FALSE(world.health.ready());
    CHECK(world.health.checks().begin()->second.detail.find("insufficient funds") != std::string::npos);
    CHECK(world.entry(0).nonce == 0U);
    world.chain.wealth = U256(1) << 100;
    REQUIRE(world.settle());
    CHECK(world.health.ready());
    CHECK(world.chain.executed(world.data(0)) == 1);
    CHECK(world.chain.executed(world.data(1)) == 1);
}

TEST_CASE("an endpoint that does not report the wallet's transactions only delays it") {
    World world(43);
    for (std::size_t n = 0; n < 6; ++n) {
        world.want(n);
    }
    world.sender->step();
    world.mine(2);
    world.chain.claimed_count = 0;
    for (int i = 0; i < 30; ++i) {
        world.sender->step();
        world.mine(2);
    }
    world.chain.claimed_count.reset();
    REQUIRE(world.settle());
    for (std::size_t n = 0; n < 6; ++n) {
        CHECK(world.entry(n).nonce == n);
        CHECK(world.chain.executed(world.data(n)) == 1);
    }
}

TEST_CASE("a false nonce of an unused wallet leads to a gap that is filled") {
    World world(44);
    world.chain.claimed_count = 3;
    world.want(0);
    world.sender->step();
    CHECK(world.entry(0).nonce == 3U);
    world.chain.claimed_count.reset();
    REQUIRE(world.settle());
    CHECK(world.chain.executed(world.data(0)) == 1);
}
