// Sender against a scripted chain: every intent on chain exactly once, whatever happens.
#include <catch2/catch.hpp>

#include "chain/fees.hpp"
#include "chain/gas_limits.hpp"
#include "chain/test_sender_world.hpp"
#include "chain/tx_decision.hpp"

using namespace lamda;
using namespace lamda::chain;
using namespace lamda::chain::testing;

TEST_CASE("intents become transactions, done when final and not before") {
    World world(1);
    for (std::size_t n = 0; n < 10; ++n) {
        world.want(n);
    }
    world.sender->step();
    CHECK(world.chain.pool_size() == 4);  // bounded by what is not mined
    world.mine();
    world.sender->step();
    CHECK(world.entry(0).state == IntentState::kMined);
    CHECK(world.chain.pool_size() == 4);  // mined and not yet final does not count
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

TEST_CASE("what would revert takes no nonce, and goes when its cause is gone") {
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

TEST_CASE("the precheck's reason parks an intent") {
    World world(3);
    bool registered = false;
    world.precheck = [&](const std::vector<Intent>& intents) {
        return std::vector(
            intents.size(),
            registered ? std::nullopt : std::optional<std::string>("the provider is not registered"));
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

TEST_CASE("a nonce taken by a foreign transaction is given up only when that is final") {
    World world(7);
    world.want(0);
    world.sender->step();
    world.chain.drop_pool();
    world.chain.mine_foreign(world.signer->address());
    for (int i = 0; i < 6; ++i) {
        world.mine();
        world.sender->step();
        CHECK(world.ledger.released == 0);
    }
    REQUIRE(world.settle());
    CHECK(world.ledger.released == 1);
    CHECK(world.chain.executed(world.data(0)) == 1);
}

TEST_CASE("a nonce below ours that was lost in a reorg does not block us for ever") {
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

TEST_CASE("a wallet without money allocates nothing") {
    World world(9);
    world.want(0);
    world.chain.wealth = 1'000;
    world.sender->step();
    CHECK_FALSE(world.entry(0).nonce);
    world.chain.wealth = U256(1) << 100;
    REQUIRE(world.settle());
}

TEST_CASE("invariant 5, once on chain: after any faults and deaths every intent is mined exactly once") {
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
        world.ledger.chaos = [&] {
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
        released += world.ledger.released;
    }
    WARN(seeds << " seeds: " << deaths << " deaths, " << released << " nonces given up");
    CHECK(deaths > 100);
    CHECK(released > 10);
}

TEST_CASE("fees: first offers stay under the cap, replacements rise by ten percent and more") {
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

TEST_CASE("the decision: absence of a receipt never frees a nonce, another block's hash never finishes it") {
    SenderConfig config;
    LedgerEntry entry;
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

TEST_CASE("what reverts on chain is given up, tried again, or asked about, as the intent says") {
    World world(11);
    const auto policy = GENERATE(OnRevert::kGiveUp, OnRevert::kRetry, OnRevert::kAsk);
    world.policy = policy;
    world.want(0);
    world.chain.reverts_late.insert(world.data(0));
    world.sender->step();
    world.mine(3);
    if (policy == OnRevert::kRetry) {
        world.sender->step();
        world.mine(10);
        world.sender->step();
        CHECK(world.entry(0).state == IntentState::kPending);
        CHECK(world.entry(0).reverts == 1);
        CHECK_FALSE(world.entry(0).nonce);
        world.chain.reverts_late.clear();
        REQUIRE(world.settle());
        CHECK(world.entry(0).state == IntentState::kDone);
        CHECK(world.entry(0).reverts == 1);
        return;
    }
    REQUIRE(world.settle());
    CHECK(world.entry(0).state == IntentState::kFailed);
    CHECK((world.entry(0).reason.find("lamda tx retry") != std::string::npos) == (policy == OnRevert::kAsk));
    CHECK(world.metrics.serialize().find("lamda_sender_asking_total{sender=\"test\"} " +
                                         std::string(policy == OnRevert::kAsk ? "1" : "0")) !=
          std::string::npos);
}

TEST_CASE("what reverts again and again is given up in the end") {
    World world(12);
    world.policy = OnRevert::kRetry;
    world.want(0);
    world.chain.reverts_late.insert(world.data(0));
    for (int i = 0; i < 2'000 && !world.ledger.all_settled(); ++i) {
        world.sender->step();
        world.mine();
    }
    CHECK(world.entry(0).state == IntentState::kFailed);
    CHECK(world.entry(0).reverts == 4);
}

TEST_CASE(
    "an operator cancels: before it was sent nothing happens, after that an empty transfer takes its place") {
    World world(13);
    world.want(0);
    world.want(1);
    world.chain.reverts.insert(world.data(1));
    world.sender->step();
    REQUIRE(world.entry(0).state == IntentState::kSent);
    REQUIRE(world.entry(1).state == IntentState::kParked);
    world.ledger.state.wish("increment:0", Wish::kCancel, world.clock.now());
    world.ledger.state.wish("increment:1", Wish::kCancel, world.clock.now());
    world.sender->step();
    REQUIRE(world.entry(0).txs.size() == 2);
    CHECK(world.entry(0).txs.back().cancels);
    CHECK(world.entry(0).txs.back().fee.max_fee > world.entry(0).txs.front().fee.max_fee);
    CHECK_FALSE(world.entry(0).wish);
    CHECK(world.entry(1).state == IntentState::kFailed);
    CHECK_FALSE(world.entry(1).nonce);
    REQUIRE(world.settle());
    CHECK(world.entry(0).state == IntentState::kFailed);
    CHECK(world.entry(0).reason == "cancelled by an operator");
    CHECK(world.chain.executed(world.data(0)) == 0);
    CHECK(world.chain.executed(world.data(1)) == 0);
    world.want(2);
    REQUIRE(world.settle());
    CHECK(world.entry(2).nonce == 1U);  // no nonce is missing
}

TEST_CASE("a cancellation that comes too late leaves what was mined as it is") {
    World world(14);
    world.want(0);
    world.sender->step();
    world.ledger.state.wish("increment:0", Wish::kCancel, world.clock.now());
    world.mine();  // before the sender sees the wish
    REQUIRE(world.settle());
    CHECK(world.entry(0).state == IntentState::kDone);
    CHECK(world.chain.executed(world.data(0)) == 1);
}

TEST_CASE("an operator's bump goes at once, whatever the age") {
    World world(15);
    world.want(0);
    world.sender->step();
    world.sender->step();
    CHECK(world.entry(0).txs.size() == 1);
    world.ledger.state.wish("increment:0", Wish::kBump, world.clock.now());
    world.sender->step();
    CHECK(world.entry(0).txs.size() == 2);
    world.sender->step();
    CHECK(world.entry(0).txs.size() == 2);
    REQUIRE(world.settle());
    CHECK(world.chain.executed(world.data(0)) == 1);
}

TEST_CASE("bumps are counted in blocks: a chain that stands still makes nothing dearer") {
    World world(16);
    world.want(0);
    world.sender->step();
    world.chain.base_fee = 100'000;
    world.clock.advance(Millis(3'600'000));
    for (int i = 0; i < 10; ++i) {
        world.sender->step();
        CHECK(world.entry(0).txs.size() == 1);
    }
    world.mine(25);
    world.sender->step();
    CHECK(world.entry(0).txs.size() == 2);
}

TEST_CASE(
    "the wallet shows also when nothing waits, and a low one is told by how many transactions it pays for") {
    World world(22);
    const auto shows = [&](const std::string& line) {
        return world.metrics.serialize().find(line + "\n") != std::string::npos;
    };
    world.chain.wealth = 7'000;
    world.sender->step();
    CHECK(shows("lamda_sender_wallet_wei{sender=\"test\"} 7000"));
    world.want(0);
    world.chain.wealth = U256(2'010) * 60'000 * 3;
    world.sender->step();
    REQUIRE(world.entry(0).nonce == 0U);
    CHECK(shows("lamda_sender_wallet_covers{sender=\"test\"} 3"));
    world.chain.wealth = U256(2'010) * 60'000 * 2;
    world.clock.advance(Millis(31'000));
    world.sender->step();
    CHECK(shows("lamda_sender_wallet_covers{sender=\"test\"} 2"));
}

TEST_CASE("the budget of a day stops what is new, and only that, until the next day") {
    World world(17);
    world.config.daily_budget = U256(1'000'000'000'000'000);
    world.restart();
    world.ledger.spent = 999'999'999'999'990;
    world.want(0);
    world.sender->step();
    CHECK_FALSE(world.entry(0).nonce);
    CHECK_FALSE(world.health.ready());
    CHECK(world.health.checks().begin()->second.detail.find("budget") != std::string::npos);
    world.ledger.spent = 0;
    world.sender->step();
    CHECK(world.entry(0).nonce == 0U);
    CHECK(world.health.ready());
}

TEST_CASE("an endpoint that names a nonce that nobody used makes no gap") {
    World world(18);
    world.want(0);
    REQUIRE(world.settle());
    world.mine(20);
    world.chain.claimed_count = 1'000;
    world.want(1);
    world.sender->step();
    CHECK_FALSE(world.entry(1).nonce);
    CHECK_FALSE(world.health.ready());
    world.chain.claimed_count.reset();
    REQUIRE(world.settle());
    CHECK(world.entry(1).nonce == 1U);
    CHECK(world.chain.executed(world.data(1)) == 1);
}

TEST_CASE("a node that denies receipts of what was mined is overruled by the block itself") {
    World world(19);
    world.chain.denies_receipts = true;
    world.want(0);
    world.want(1);
    world.sender->step();
    for (int i = 0; i < 40 && !world.ledger.all_settled(); ++i) {
        world.mine();
        world.sender->step();
    }
    CHECK(world.entry(0).state == IntentState::kDone);
    CHECK(world.entry(1).state == IntentState::kDone);
    CHECK(world.chain.executed(world.data(0)) == 1);
}

TEST_CASE("a gas limit that is known is checked for each call, and raised where it is too low") {
    World world(20);
    const Bytes cheap{1, 2, 3, 4, 0};
    const Bytes dear{1, 2, 3, 4, 1};
    const std::vector<Intent> intents{{"a", kContract, 0, cheap, {}}, {"b", kContract, 0, dear, {}}};
    GasLimits limits(world.chain, world.signer->address(), 20);
    int asked = 0;
    world.chain.gas_of = [&](const Bytes& data) {
        ++asked;
        return data == dear ? 90'000U : 50'000U;
    };
    auto verdicts = limits.check(intents);
    CHECK(asked == 3);  // the first is estimated; the second fails under its limit, and is estimated
    CHECK(verdicts[0].limit == 60'000);
    CHECK(verdicts[1].limit == 108'000);
    verdicts = limits.check(intents);
    CHECK(asked == 5);  // one call each
    CHECK(verdicts[0].limit == 108'000);
    CHECK(verdicts[1].limit == 108'000);
    world.chain.reverts.insert(cheap);
    verdicts = limits.check(intents);
    CHECK(verdicts[0].reverts == "execution reverted");
    CHECK(verdicts[1].reverts.empty());
}

namespace {

/// A remote signer on a bad day.
struct MoodySigner final : crypto::Signer {
    explicit MoodySigner(const crypto::Signer& able) : able_(able) {}
    const Address& address() const override { return able_.address(); }
    crypto::Signature sign(BytesView message) const override {
        if (left == 0) {
            ++refused;
            throw crypto::Unavailable("the signer is away");
        }
        --left;
        return able_.sign(message);
    }
    void check() const override {}
    mutable int left = 0;
    mutable int refused = 0;

  private:
    const crypto::Signer& able_;
};

}  // namespace

TEST_CASE("a signer that is away holds up what is to be signed, and nothing else") {
    World world(21);
    MoodySigner moody(*world.signer);
    world.sender =
        std::make_unique<Sender>(world.config, world.chain, moody, world.ledger, world.clock,
                                 telemetry::Log::none(), world.metrics, world.health, world.precheck);
    for (std::size_t n = 0; n < 4; ++n) {
        world.want(n);
    }
    moody.left = 2;
    world.sender->step();
    CHECK(world.entry(1).state == IntentState::kSent);
    CHECK(world.entry(2).state == IntentState::kAllocated);
    CHECK(moody.refused == 1);
    CHECK_FALSE(world.health.ready());
    CHECK(world.health.checks().begin()->second.detail == "the signer is away");
    world.mine();
    world.sender->step();
    CHECK(moody.refused == 2);  // once a pass
    CHECK(world.entry(0).state == IntentState::kMined);
    moody.left = 100;
    REQUIRE(world.settle());
    for (std::size_t n = 0; n < 4; ++n) {
        CHECK(world.entry(n).nonce == n);
        CHECK(world.chain.executed(world.data(n)) == 1);
    }
}

TEST_CASE("what one look does not ask for is left for the next, oldest first, and nothing is forgotten") {
    World world(21);
    world.config.max_unmined = 1'200;
    world.restart();
    for (std::size_t n = 0; n < 1'200; ++n) {
        world.want(n);
    }
    world.sender->step();
    REQUIRE(world.chain.pool_size() == 1'200);
    world.mine();
    const auto mined = [&] {
        return std::count_if(world.ledger.state.entries.begin(), world.ledger.state.entries.end(),
                             [](const auto& entry) { return entry.state == IntentState::kMined; });
    };
    for (const auto expected : {500, 1'000, 1'200}) {
        world.sender->step();
        CHECK(mined() == expected);
    }
    CHECK(world.entry(0).state == IntentState::kMined);
    REQUIRE(world.settle());
    CHECK(world.chain.executed(world.data(1'199)) == 1);
}

TEST_CASE("where blocks come while it sends, it goes on sending") {
    World world(22);
    for (std::size_t n = 0; n < 40; ++n) {
        world.want(n);
    }
    world.ledger.chaos = [&] { world.chain.mine(); };  // blocks come between any two writes
    world.sender->step();
    CHECK(world.ledger.waiting(100).empty());
    REQUIRE(world.settle());
    CHECK(world.chain.executed(world.data(39)) == 1);
}
