// Two instances drive one ledger: each may fall asleep before or after any write, and wake when the other has
// gone on.
#include <catch2/catch.hpp>
#include <utility>

#include "txsender/testing/sender_world.hpp"

using namespace lamda;
using namespace lamda::txsender;
using namespace lamda::txsender::testing;

namespace {

/// One instance falls asleep at a write, and the other one goes on meanwhile.
struct Twins : ingest::World {
    std::unique_ptr<Sender> other;
    std::function<void()> meanwhile = [] {};
    bool asleep = false;

    explicit Twins(std::uint64_t seed) : ingest::World(seed) {
        restart_other();
        tx_queue.chaos = [this] {
            if (!asleep) {
                asleep = true;
                meanwhile();
                asleep = false;
            }
        };
    }
    void restart_other() {
        other = std::make_unique<Sender>(config, chain, *signer, tx_queue, signing, clock,
                                         telemetry::Log::none(), metrics, health, precheck);
    }
};

}  // namespace

TEST_CASE("a sleeper that gives a nonce up after another instance has done so leaves the new nonce alone") {
    Twins world(31);
    world.want(0);
    world.sender->step();
    world.chain.drop_pool();
    world.chain.mine_foreign(world.signer->address());
    world.mine(10);  // the foreign transaction is final
    int slept = 0;
    world.meanwhile = [&] {
        if (++slept == 1) {  // before the nonce is given up
            world.other->step();
            REQUIRE(world.entry(0).nonce == 1U);
            REQUIRE(world.entry(0).state == IntentState::kSent);
        }
    };
    world.sender->step();
    REQUIRE(slept > 0);
    CHECK(world.entry(0).nonce == 1U);
    REQUIRE(world.settle());
    CHECK(world.chain.executed(world.data(0)) == 1);
}

TEST_CASE("a sleeper that saw a revert at an old nonce does not take it for one at the new nonce") {
    Twins world(32);
    world.policy = OnRevert::kRetry;
    world.want(0);
    world.chain.reverts_late.insert(world.data(0));
    world.sender->step();
    world.mine(1);
    int slept = 0;
    world.meanwhile = [&] {
        if (++slept == 1) {  // before it is noted as mined
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
    REQUIRE(slept > 0);
    world.meanwhile = [] {};
    REQUIRE(world.settle());
    CHECK(world.entry(0).nonce == 1U);
    CHECK(world.chain.executed(world.data(0)) == 1);
}

TEST_CASE("an instance that read the ledger before an operator spoke gives no nonce to what was cancelled") {
    Twins world(33);
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

TEST_CASE("invariant 5, once on chain: two instances that sleep and wake at any write") {
    std::size_t naps = 0;
    for (std::uint64_t seed = 1; seed <= 200; ++seed) {
        INFO("seed " << seed);
        Twins world(seed * 7'919);
        auto& random = world.chain.random();
        const auto pick = [&](std::uint64_t most) {
            return std::uniform_int_distribution<std::uint64_t>(0, most)(random);
        };
        std::size_t wanted = 0;
        world.policy = pick(1) == 0 ? OnRevert::kRetry : OnRevert::kGiveUp;
        const auto weather = [&] {
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
            ++naps;
            for (auto i = pick(12); i-- > 0;) {
                weather();
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
            weather();
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
            CHECK((done || world.entry(n).reverts > 0));  // reverts may use its patience up
            REQUIRE(world.chain.executed(world.data(n)) == (done ? 1 : 0));
        }
    }
    WARN("200 seeds, " << naps << " naps");
    CHECK(naps > 1'000);
}
