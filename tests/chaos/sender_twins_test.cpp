// A sender that is stopped at a write and continues after another instance has taken over: no transaction is
// lost or duplicated.
#include "chaos/sender_scene.hpp"

using namespace lamda;
using namespace lamda::chaos;

namespace {

constexpr std::size_t kIntents = 5;
const std::string kLongEnough = "60:0";  ///< enough steps for a sender to send all transactions

}  // namespace

TEST_CASE(
    "two instances: one is stopped at any write and continues after the other has finished, without harm") {
    testkit::TestDatabase database;
    std::uint64_t seed = 0;
    for (const std::string write : {"allocate", "store", "mark_sent", "mark_mined", "mark_done"}) {
        for (const std::string when : {"before:", "after:"}) {
            INFO(when << write);
            SenderScene scene(database, ++seed);
            scene.want(0, kIntents);
            const auto sleeper = scene.start({.stop_at = when + write});
            REQUIRE(testkit::wait_until([&] { return SenderScene::stopped(*sleeper); }));
            REQUIRE(scene.finish() == 0);
            REQUIRE(SenderScene::stopped(*sleeper));
            sleeper->signal(SIGCONT);
            REQUIRE(sleeper->wait(Millis(60'000)) == 0);
            INFO(scene.log());
            CHECK(scene.not_done() == 0);
            CHECK(scene.nonces_complete());
            for (std::size_t n = 0; n < kIntents; ++n) {
                CHECK(scene.executed(n) == 1);
            }
        }
    }
}

TEST_CASE(
    "two instances: one is stopped at any write and continues while the other's transactions are in flight") {
    testkit::TestDatabase database;
    std::uint64_t seed = 100;
    for (const std::string write :
         {"allocate", "store", "mark_sent", "mark_mined", "mark_done", "release_nonce"}) {
        for (const std::string when : {"before:", "after:"}) {
            INFO(when << write);
            SenderScene scene(database, ++seed);
            scene.want(0, kIntents);
            if (write == "release_nonce") {  // transactions of another process take the nonces
                scene.node().set_mining(false);
                REQUIRE(scene.start({.crash_at = "sender.after_broadcast"})->wait(Millis(30'000)) ==
                        128 + SIGKILL);
                scene.node().with([&](auto& chain) {
                    chain.drop_pool();
                    for (int i = 0; i < 3; ++i) {
                        chain.mine_foreign(scene.wallet());
                    }
                    for (int i = 0; i < 10; ++i) {
                        chain.mine();
                    }
                });
                // The broadcast must be recorded as sent first.
                REQUIRE(scene.start({.crash_at = "sender.after_broadcast:2", .lifetime = kLongEnough})
                            ->wait(Millis(30'000)) != 0);
            }
            const auto sleeper = scene.start({.stop_at = when + write});
            REQUIRE(testkit::wait_until([&] { return SenderScene::stopped(*sleeper); }));
            scene.node().set_mining(false);
            // The other instance sends the remaining transactions, and is killed before any is mined.
            const auto other = scene.start({.crash_at = "sender.after_broadcast", .lifetime = kLongEnough});
            REQUIRE(other->wait(Millis(60'000)));
            // The sleeper continues while nothing is mined: for a few calls, or until its end.
            constexpr std::uint64_t kSomeCalls = 40;
            const auto until = scene.node().calls() + kSomeCalls;
            sleeper->signal(SIGCONT);
            REQUIRE(
                testkit::wait_until([&] { return scene.node().calls() >= until || !sleeper->running(); }));
            scene.node().set_mining(true);
            REQUIRE(sleeper->wait(Millis(60'000)) == 0);
            INFO(scene.log());
            CHECK(scene.not_done() == 0);
            CHECK(scene.nonces_complete());
            for (std::size_t n = 0; n < kIntents; ++n) {
                INFO("intent " << n);
                CHECK(scene.executed(n) == 1);
            }
        }
    }
}
