// Sender under reverts, operator requests, budgets, false answers and an unreachable signer.
#include <catch2/catch.hpp>

#include "txsender/detail/gas_limits.hpp"
#include "txsender/testing/sender_world.hpp"

using namespace lamda;
using namespace lamda::txsender;
using namespace lamda::txsender::testing;

TEST_CASE("an intent that reverts on chain fails, is retried, or waits for an operator, by its policy") {
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

TEST_CASE("an intent that reverts repeatedly fails in the end") {
    World world(12);
    world.policy = OnRevert::kRetry;
    world.want(0);
    world.chain.reverts_late.insert(world.data(0));
    for (int i = 0; i < 2'000 && !world.tx_queue.all_settled(); ++i) {
        world.sender->step();
        world.mine();
    }
    CHECK(world.entry(0).state == IntentState::kFailed);
    CHECK(world.entry(0).reverts == 4);
}

TEST_CASE("a cancelled intent is not sent; if it was sent, an empty transfer replaces it") {
    World world(13);
    world.want(0);
    world.want(1);
    world.chain.reverts.insert(world.data(1));
    world.sender->step();
    REQUIRE(world.entry(0).state == IntentState::kSent);
    REQUIRE(world.entry(1).state == IntentState::kParked);
    world.tx_queue.state.operator_request("increment:0", OperatorRequest::kCancel, world.clock.now());
    world.tx_queue.state.operator_request("increment:1", OperatorRequest::kCancel, world.clock.now());
    world.sender->step();
    REQUIRE(world.entry(0).txs.size() == 2);
    CHECK(world.entry(0).txs.back().cancels);
    CHECK(world.entry(0).txs.back().fee.max_fee > world.entry(0).txs.front().fee.max_fee);
    CHECK_FALSE(world.entry(0).operator_request);
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

TEST_CASE("a cancellation that comes too late does not change a mined intent") {
    World world(14);
    world.want(0);
    world.sender->step();
    world.tx_queue.state.operator_request("increment:0", OperatorRequest::kCancel, world.clock.now());
    world.mine();  // before the sender sees the request
    REQUIRE(world.settle());
    CHECK(world.entry(0).state == IntentState::kDone);
    CHECK(world.chain.executed(world.data(0)) == 1);
}

TEST_CASE("an operator's bump takes effect at once, whatever the age") {
    World world(15);
    world.want(0);
    world.sender->step();
    world.sender->step();
    CHECK(world.entry(0).txs.size() == 1);
    world.tx_queue.state.operator_request("increment:0", OperatorRequest::kBump, world.clock.now());
    world.sender->step();
    CHECK(world.entry(0).txs.size() == 2);
    world.sender->step();
    CHECK(world.entry(0).txs.size() == 2);
    REQUIRE(world.settle());
    CHECK(world.chain.executed(world.data(0)) == 1);
}

TEST_CASE("bumps are counted in blocks: a stalled chain raises no fee") {
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

TEST_CASE("the wallet's balance shows also when no intent waits, with the number of transactions it covers") {
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

TEST_CASE("a spent daily budget stops only new transactions, until the next day") {
    World world(17);
    world.config.daily_budget = U256(1'000'000'000'000'000);
    world.restart();
    world.tx_queue.spent = 999'999'999'999'990;
    world.want(0);
    world.sender->step();
    CHECK_FALSE(world.entry(0).nonce);
    CHECK_FALSE(world.health.ready());
    CHECK(world.health.checks().begin()->second.detail.find("budget") != std::string::npos);
    world.tx_queue.spent = 0;
    world.sender->step();
    CHECK(world.entry(0).nonce == 0U);
    CHECK(world.health.ready());
}

TEST_CASE("an endpoint that reports an unused nonce as used makes no gap") {
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

TEST_CASE("receipts that a node does not find are read from the block") {
    World world(19);
    world.chain.denies_receipts = true;
    world.want(0);
    world.want(1);
    world.sender->step();
    for (int i = 0; i < 40 && !world.tx_queue.all_settled(); ++i) {
        world.mine();
        world.sender->step();
    }
    CHECK(world.entry(0).state == IntentState::kDone);
    CHECK(world.entry(1).state == IntentState::kDone);
    CHECK(world.chain.executed(world.data(0)) == 1);
}

TEST_CASE("a known gas limit is checked for each call, and raised where it is too low") {
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
    CHECK(asked == 3);  // the first is estimated; the second fails under that limit and is estimated
    CHECK(verdicts[0].limit == 60'000);
    CHECK(verdicts[1].limit == 108'000);
    verdicts = limits.check(intents);
    CHECK(asked == 5);  // one call for each intent
    CHECK(verdicts[0].limit == 108'000);
    CHECK(verdicts[1].limit == 108'000);
    world.chain.reverts.insert(cheap);
    verdicts = limits.check(intents);
    CHECK(verdicts[0].reverts == "execution reverted");
    CHECK(verdicts[1].reverts.empty());
}

namespace {

/// A remote signer that refuses after `left` signatures.
struct FailingSigner final : crypto::Signer {
    explicit FailingSigner(const crypto::Signer& able) : able_(able) {}
    const Address& address() const override { return able_.address(); }
    crypto::Signature sign(BytesView message) const override {
        if (left == 0) {
            ++refused;
            throw crypto::Unavailable("the signer is unreachable");
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

TEST_CASE("an unreachable signer delays only unsigned transactions") {
    World world(21);
    FailingSigner failing(*world.signer);
    world.sender = std::make_unique<Sender>(
        world.config, world.chain, failing, world.tx_queue, world.signing,
        telemetry::Context{world.clock, telemetry::Log::none(), world.metrics, world.health}, world.precheck);
    for (std::size_t n = 0; n < 4; ++n) {
        world.want(n);
    }
    failing.left = 2;
    world.sender->step();
    CHECK(world.entry(1).state == IntentState::kSent);
    CHECK(world.entry(2).state == IntentState::kAllocated);
    CHECK(failing.refused == 1);
    CHECK_FALSE(world.health.ready());
    CHECK(world.health.checks().begin()->second.detail == "the signer is unreachable");
    world.mine();
    world.sender->step();
    CHECK(failing.refused == 2);  // once in a pass
    CHECK(world.entry(0).state == IntentState::kMined);
    failing.left = 100;
    REQUIRE(world.settle());
    for (std::size_t n = 0; n < 4; ++n) {
        CHECK(world.entry(n).nonce == n);
        CHECK(world.chain.executed(world.data(n)) == 1);
    }
}

TEST_CASE("a pass leaves further receipts to the next one, oldest first, and drops none") {
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
        return std::count_if(world.tx_queue.state.entries.begin(), world.tx_queue.state.entries.end(),
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

TEST_CASE("while new blocks make room, a pass continues to send") {
    World world(22);
    for (std::size_t n = 0; n < 40; ++n) {
        world.want(n);
    }
    world.tx_queue.chaos = [&] { world.chain.mine(); };  // a block is mined at each write
    world.sender->step();
    CHECK(world.tx_queue.waiting(100).empty());
    REQUIRE(world.settle());
    CHECK(world.chain.executed(world.data(39)) == 1);
}
