// What nodes and wallets do to a sender: each ends right with no hand.
#include <catch2/catch.hpp>

#include "txsender/testing/sender_world.hpp"

using namespace lamda;
using namespace lamda::txsender;
using namespace lamda::txsender::testing;

TEST_CASE("refusals are told under any code and any text, and none of them is believed") {
    // What other nodes say, texts that mean something else, and none at all.
    const std::vector<std::pair<std::int64_t, std::string>> tales{
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
        ingest::World world(seed * 15'485'863);
        auto& random = world.chain.random();
        std::size_t refused = 0;
        world.chain.refusal = [&](const std::string&) {
            const auto& [code, text] = tales[++refused % tales.size()];
            return eth::RpcError(code, text, {});
        };
        world.chain.faults.lost_answer = 0.3;
        for (std::size_t n = 0; n < 12; ++n) {
            world.want(n);
            if (random() % 3 == 0) {
                world.restart();  // it sends again what is already known
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

TEST_CASE("a node that refuses without a word is not taken for one that accepts") {
    ingest::World world(41);
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

TEST_CASE("a wallet that is emptied under transactions on their way goes on when it is filled again") {
    ingest::World world(42);
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

TEST_CASE("an endpoint that denies what the wallet has sent delays it, and no more") {
    ingest::World world(43);
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

TEST_CASE("a lie about the nonce of a wallet that was never used ends in a gap that is filled") {
    ingest::World world(44);
    world.chain.claimed_count = 3;
    world.want(0);
    world.sender->step();
    CHECK(world.entry(0).nonce == 3U);
    world.chain.claimed_count.reset();
    REQUIRE(world.settle());
    CHECK(world.chain.executed(world.data(0)) == 1);
}
