// Two instances drive one queue: each may pause before or after any write while the other works.
#include <catch2/catch.hpp>
#include <utility>

#include "txsender/testing/sender_world.hpp"

using namespace lamda;
using namespace lamda::txsender;
using namespace lamda::txsender::testing;

namespace {

/// Pauses one instance at a write and lets the other one work.
struct TwoInstances : World {
    std::unique_ptr<Sender> other;
    std::function<void()> meanwhile = [] {};
    bool paused = false;

    explicit TwoInstances(std::uint64_t seed) : World(seed) {
        restart_other();
        tx_queue.chaos = [this] {
            if (!paused) {
                paused = true;
                meanwhile();
                paused = false;
            }
        };
    }
    void restart_other() {
        other = std::make_unique<Sender>(config, chain, *signer, tx_queue, signing,
                                         telemetry::Context{clock, telemetry::Log::none(), metrics, health},
                                         precheck);
    }
};

}  // namespace

TEST_CASE("a paused instance that releases a nonce after another has done so does not change the new nonce") {
    TwoInstances world(31);
    world.want(0);
    world.sender->step();
    world.chain.drop_pool();
    world.chain.mine_foreign(world.signer->address());
    world.mine(10);  // the foreign transaction is final
    int pauses = 0;
    world.meanwhile = [&] {
        if (++pauses == 1) {  // before the nonce is released
            world.other->step();
            REQUIRE(world.entry(0).nonce == 1U);
            REQUIRE(world.entry(0).state == IntentState::kSent);
        }
    };
    world.sender->step();
    REQUIRE(pauses > 0);
    CHECK(world.entry(0).nonce == 1U);
    REQUIRE(world.settle());
    CHECK(world.chain.executed(world.data(0)) == 1);
}

TEST_CASE("a paused instance that saw a revert at an old nonce does not apply it to the new nonce") {
    TwoInstances world(32);
    world.policy = OnRevert::kRetry;
    world.want(0);
    world.chain.reverts_late.insert(world.data(0));
    world.sender->step();
    world.mine(1);
    int pauses = 0;
    world.meanwhile = [&] {
        if (++pauses == 1) {  // before it is noted as mined
            world.other->step();
            world.mine(10);
            world.other->step();
            REQUIRE(world.entry(0).reverts == 1);
            world.chain.reverts_late.clear();
            world.restart_other();
            world.other->step();
            REQUIRE(world.entry(0).nonce == 1U);
        }
    };
    world.sender->step();
    REQUIRE(pauses > 0);
    world.meanwhile = [] {};
    REQUIRE(world.settle());
    CHECK(world.entry(0).nonce == 1U);
    CHECK(world.chain.executed(world.data(0)) == 1);
}

TEST_CASE("an instance that read the queue before a cancellation gives no nonce to the cancelled intent") {
    TwoInstances world(33);
    world.want(0);
    world.sender->step();
    world.want(1);
    world.tx_queue.state.operator_request("increment:1", OperatorRequest::kCancel, world.clock.now());
    std::optional<std::uint64_t> given = 99;
    world.meanwhile = [&, once = false]() mutable {
        if (!std::exchange(once, true)) {
            given = world.tx_queue.state.allocate({{"increment:1", 60'000}}, 0, world.clock.now()).front();
        }
    };
    world.sender->step();
    CHECK_FALSE(given);
    CHECK(world.entry(1).state == IntentState::kFailed);
    CHECK(world.entry(1).reason == "cancelled by an operator, before it was sent");
    REQUIRE(world.settle());
    CHECK(world.chain.executed(world.data(1)) == 0);
    CHECK(world.tx_queue.state.next_nonce == 1U);
}

TEST_CASE("invariant 5, once on chain: two instances that pause and resume at any write") {
    std::size_t pauses = 0;
    for (std::uint64_t seed = 1; seed <= 200; ++seed) {
        INFO("seed " << seed);
        TwoInstances world(seed * 7'919);
        auto& random = world.chain.random();
        const auto pick = [&](std::uint64_t most) {
            return std::uniform_int_distribution<std::uint64_t>(0, most)(random);
        };
        std::size_t wanted = 0;
        world.policy = pick(1) == 0 ? OnRevert::kRetry : OnRevert::kGiveUp;
        const auto random_event = [&] {
            switch (pick(11)) {
                case 0:
                    world.chain.reorg(1 + pick(5), pick(1) == 0);
                    break;
                case 1:
                    world.chain.drop_pool();
                    break;
                case 2:
                    world.chain.mine_foreign(world.signer->address());
                    break;
                case 3:
                    world.clock.advance(Millis(20'000));
                    break;
                case 4:
                    world.restart_other();
                    break;
                default:
                    break;
            }
            world.mine(static_cast<int>(pick(3)));
        };
        world.meanwhile = [&] {
            if (!world.chain.chance(0.2)) {
                return;
            }
            ++pauses;
            for (auto i = pick(12); i-- > 0;) {
                random_event();
                world.other->step();
            }
        };
        for (int turn = 0; turn < 60; ++turn) {
            if (wanted < 10 && pick(2) == 0) {
                if (world.policy == OnRevert::kRetry && pick(3) == 0) {
                    world.chain.reverts_late.insert(world.data(wanted));
                }
                world.want(wanted++);
            }
            if (pick(9) == 0) {
                world.chain.reverts_late.clear();
            }
            random_event();
            if (pick(5) == 0) {
                std::swap(world.sender, world.other);
            }
            world.sender->step();
        }
        world.chain.reverts_late.clear();
        REQUIRE(world.settle());
        world.mine(20);
        for (std::size_t n = 0; n < wanted; ++n) {
            INFO("intent " << n << ": " << world.entry(n).reason);
            const bool done = world.entry(n).state == IntentState::kDone;
            CHECK((done || world.entry(n).reverts > 0));  // it may have failed after its last retry
            REQUIRE(world.chain.executed(world.data(n)) == (done ? 1 : 0));
        }
    }
    WARN("200 seeds, " << pauses << " pauses");
    CHECK(pauses > 1'000);
}
