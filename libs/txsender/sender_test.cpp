// Sender against a scripted chain: every intent on chain exactly once, under any fault.
#include <catch2/catch.hpp>

#include "txsender/detail/fees.hpp"
#include "txsender/detail/tx_decision.hpp"
#include "txsender/testing/sender_world.hpp"

using namespace lamda;
using namespace lamda::txsender;
using namespace lamda::txsender::testing;

TEST_CASE("intents become transactions, and are done only when final") {
    World world(1);
    for (std::size_t n = 0; n < 10; ++n) {
        world.want(n);
    }
    world.sender->step();
    CHECK(world.chain.pool_size() == 4);  // limited by unmined transactions
    world.mine();
    world.sender->step();
    CHECK(world.entry(0).state == IntentState::kMined);
    CHECK(world.chain.pool_size() == 4);  // mined transactions that are not final do not count
    world.mine(7);
    world.sender->step();
    CHECK(world.entry(0).state == IntentState::kMined);
    world.mine(1);
    world.sender->step();
    CHECK(world.entry(0).state == IntentState::kDone);
    REQUIRE(world.settle());
    for (std::size_t n = 0; n < 10; ++n) {
        CHECK(world.chain.executed(world.data(n)) == 1);
    }
}

TEST_CASE("an intent that would revert takes no nonce, and is sent when its cause is gone") {
    World world(2);
    world.want(0);
    world.want(1);
    world.chain.reverts.insert(world.data(0));
    world.sender->step();
    CHECK(world.entry(0).state == IntentState::kParked);
    CHECK(world.entry(0).reason == "would revert: execution reverted");
    CHECK_FALSE(world.entry(0).nonce);
    CHECK(world.entry(1).nonce == 0U);
    world.chain.reverts.clear();
    REQUIRE(world.settle());
    CHECK(world.chain.executed(world.data(0)) == 1);
}

TEST_CASE("an objection of the precheck parks an intent with its reason") {
    World world(3);
    bool registered = false;
    world.precheck = [&](const std::vector<Intent>& intents) {
        return std::vector(intents.size(), registered
                                               ? std::nullopt
                                               : std::optional(Objection{"the provider is not registered"}));
    };
    world.restart();
    world.want(0);
    world.sender->step();
    CHECK(world.entry(0).state == IntentState::kParked);
    CHECK(world.entry(0).reason == "the provider is not registered");
    registered = true;
    REQUIRE(world.settle());
    CHECK(world.chain.executed(world.data(0)) == 1);
}

TEST_CASE("a transaction that reverts on chain fails with its reason, at finality") {
    World world(4);
    world.want(0);
    world.chain.reverts_late.insert(world.data(0));
    world.sender->step();
    world.mine(3);
    world.sender->step();
    CHECK(world.entry(0).state == IntentState::kMined);
    REQUIRE(world.settle());
    CHECK(world.entry(0).state == IntentState::kFailed);
    CHECK(world.entry(0).reason.find("execution reverted") != std::string::npos);
}

TEST_CASE("a dropped transaction is sent again unchanged") {
    World world(5);
    world.want(0);
    world.sender->step();
    world.chain.drop_pool();
    world.clock.advance(Millis(4'000));
    world.sender->step();
    CHECK(world.chain.pool_size() == 1);
    CHECK(world.entry(0).txs.size() == 1);
    REQUIRE(world.settle());
    CHECK(world.chain.executed(world.data(0)) == 1);
}

TEST_CASE("a transaction priced out keeps its nonce and pays more, up to the cap") {
    World world(6);
    world.want(0);
    world.sender->step();
    const auto first = world.entry(0).txs.front().fee;
    world.chain.base_fee = 100'000;
    world.mine(40);
    world.sender->step();
    REQUIRE(world.entry(0).txs.size() == 2);
    const auto second = world.entry(0).txs.back().fee;
    CHECK(second.max_fee * 10 >= first.max_fee * 11);
    CHECK(second.max_priority_fee * 10 >= first.max_priority_fee * 11);
    CHECK(world.entry(0).nonce == 0U);
    world.chain.base_fee = 2'000'000;
    for (int i = 0; i < 60; ++i) {
        world.mine(10);
        world.sender->step();
        for (const auto& tx : world.entry(0).txs) {
            REQUIRE(tx.fee.max_fee <= 1'000'000);
        }
    }
    world.chain.base_fee = 1'000;
    REQUIRE(world.settle());
    CHECK(world.chain.executed(world.data(0)) == 1);
}

TEST_CASE("a nonce used by a foreign transaction is released only at finality") {
    World world(7);
    world.want(0);
    world.sender->step();
    world.chain.drop_pool();
    world.chain.mine_foreign(world.signer->address());
    for (int i = 0; i < 6; ++i) {
        world.mine();
        world.sender->step();
        CHECK(world.tx_queue.released == 0);
    }
    REQUIRE(world.settle());
    CHECK(world.tx_queue.released == 1);
    CHECK(world.chain.executed(world.data(0)) == 1);
}

TEST_CASE("a nonce below ours that a reorg dropped does not block the sender for ever") {
    World world(10);
    world.chain.mine_foreign(world.signer->address());
    world.want(0);
    world.sender->step();
    CHECK(world.entry(0).nonce == 1U);
    world.chain.reorg(1, true);
    REQUIRE(world.settle());
    CHECK(world.chain.executed(world.data(0)) == 1);
}

TEST_CASE("a mined transaction that is reorganised away is followed until it is final") {
    World world(8);
    world.want(0);
    world.sender->step();
    world.mine(3);
    world.sender->step();
    CHECK(world.entry(0).state == IntentState::kMined);
    const bool dropped = GENERATE(false, true);
    world.chain.reorg(3, dropped);
    world.mine(2);
    REQUIRE(world.settle());
    CHECK(world.chain.executed(world.data(0)) == 1);
    CHECK(world.entry(0).state == IntentState::kDone);
}

TEST_CASE("an empty wallet allocates no nonce") {
    World world(9);
    world.want(0);
    world.chain.wealth = 1'000;
    world.sender->step();
    CHECK_FALSE(world.entry(0).nonce);
    world.chain.wealth = U256(1) << 100;
    REQUIRE(world.settle());
}

TEST_CASE("invariant 5, once on chain: after any faults and kills every intent is mined exactly once") {
    std::size_t deaths = 0;
    std::size_t released = 0;
    const unsigned seeds = 300;
    for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
        INFO("seed " << seed);
        World world(seed * 104'729);
        auto& random = world.chain.random();
        const auto pick = [&](std::uint64_t most) {
            return std::uniform_int_distribution<std::uint64_t>(0, most)(random);
        };
        world.chain.faults = {.fail = pick(1) == 0 ? 0.03 : 0.0,
                              .empty_logs = 0,
                              .lag = pick(1) == 0 ? pick(4) : 0,
                              .stale_fork = pick(1) == 0 ? 0.3 : 0.0,
                              .range_limit = 0,
                              .no_receipts = false,
                              .no_logs = false,
                              .lost_answer = 0.1,
                              .late_receipt = pick(1) == 0 ? 0.3 : 0.0};
        world.tx_queue.chaos = [&] {
            if (world.chain.chance(0.02)) {
                throw Died();
            }
        };
        std::size_t wanted = 0;
        for (int turn = 0; turn < 80; ++turn) {
            if (wanted < 12 && pick(2) == 0) {
                world.want(wanted++);
            }
            switch (pick(14)) {
                case 0:
                    world.chain.reorg(1 + pick(5), pick(1) == 0);
                    break;
                case 1:
                    world.chain.drop_pool();
                    break;
                case 2:
                    if (pick(3) == 0) {
                        world.chain.mine_foreign(world.signer->address());
                    }
                    break;
                case 3:
                    world.chain.base_fee = 500 + pick(5'000);
                    break;
                case 4:
                    world.restart();
                    break;
                case 5:
                    world.clock.advance(Millis(20'000));
                    break;
                default:
                    break;
            }
            world.mine(static_cast<int>(pick(2)));
            try {
                world.sender->step();
            } catch (const Died&) {
                ++deaths;
                world.restart();
            } catch (const std::logic_error&) {
                throw;
            } catch (const std::exception&) {
                world.mine(0);
            }
        }
        world.chain.base_fee = 1'000;
        REQUIRE(world.settle());
        world.mine(20);
        for (std::size_t n = 0; n < wanted; ++n) {
            INFO("intent " << n);
            REQUIRE(world.chain.executed(world.data(n)) == 1);
        }
        released += world.tx_queue.released;
    }
    WARN(seeds << " seeds: " << deaths << " kills, " << released << " nonces released");
    CHECK(deaths > 100);
    CHECK(released > 10);
}

TEST_CASE("fees: first offers stay under the cap, replacements rise by at least ten percent") {
    const FeePolicy policy{false, 1'000'000, 1'000'000'000};
    CHECK(first_fee(policy, {0, 0}) == eth::Fee{false, 1'000'000, 1'000'000});
    CHECK(first_fee(policy, {10'000'000, 0}) == eth::Fee{false, 21'000'000, 1'000'000});
    CHECK(first_fee(policy, {900'000'000, 0})->max_fee == 1'000'000'000);
    CHECK_FALSE(first_fee(policy, {1'000'000'001, 0}));
    CHECK(bumped_fee(policy, {false, 101, 5}, {0, 0}) == eth::Fee{false, 112, 6});
    CHECK(bumped_fee(policy, {false, 100, 5}, {300, 340}) == eth::Fee{false, 640, 40});
    CHECK_FALSE(bumped_fee(policy, {false, 950'000'000, 5}, {0, 0}));
    const FeePolicy legacy{true, 50, 1'000};
    CHECK(first_fee(legacy, {0, 20})->max_fee == 50);
    CHECK(bumped_fee(legacy, {true, 100, 100}, {0, 20})->max_fee == 110);
}

TEST_CASE("the decision: a missing receipt never releases a nonce, another block's hash never finishes it") {
    SenderConfig config;
    TxQueueEntry entry;
    entry.nonce = 5;
    entry.txs.push_back({});
    entry.state = IntentState::kSent;
    TxObservation seen;
    seen.latest_count = 6;
    seen.finalized = BlockNum{100};
    CHECK(decide(entry, seen, config) == TxAction::kWait);
    seen.foreign_proven = true;
    CHECK(decide(entry, seen, config) == TxAction::kRelease);
    entry.state = IntentState::kMined;
    entry.mined_in = BlockRef{{90}, *BlockHash::parse("0x" + std::string(64, '1'))};
    CHECK(decide(entry, seen, config) == TxAction::kWait);
    seen.at_height = BlockHash{};
    CHECK(decide(entry, seen, config) == TxAction::kUnmined);
    seen.at_height = entry.mined_in->hash;
    CHECK(decide(entry, seen, config) == TxAction::kWait);
    seen.receipt = eth::Receipt{};
    seen.receipt->block = *entry.mined_in;
    CHECK(decide(entry, seen, config) == TxAction::kFailed);
    seen.receipt->success = true;
    CHECK(decide(entry, seen, config) == TxAction::kDone);
    seen.finalized = BlockNum{89};
    CHECK(decide(entry, seen, config) == TxAction::kWait);
    CHECK(*parse_intent_state(to_string(IntentState::kAllocated)) == IntentState::kAllocated);
    CHECK(parse_intent_state("lost").error().code == "invalid_intent_state");
}
