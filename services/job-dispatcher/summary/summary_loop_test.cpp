// Tests of the loop that keeps the summaries of jobs: killed, and of two instances.
#include "services/job-dispatcher/summary/summary_loop.hpp"

#include <array>
#include <atomic>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <exception>
#include <thread>

#include "services/job-dispatcher/testing/summary_scene.hpp"
#include "testkit/pipeline_database.hpp"

using namespace lamda;
using namespace lamda::dispatch;
using namespace lamda::dispatch::testing;

TEST_CASE("keeps summaries until it is killed", "[.summary-victim]") {
    store::Database database(std::getenv("VICTIM_DSN"), "victim", 1);
    keep_summaries(database, {});
}

TEST_CASE("the loop that is killed before its commit leaves all changes, and the next one adds them once") {
    SummaryScene scene;
    Market market(11);
    for (int step = 0; step < 10; ++step) {
        market.write(scene.database);
    }
    const auto waiting = scene.waiting();
    REQUIRE(testkit::run_and_crash(
        "[.summary-victim]", "summary.before_commit",
        {{"VICTIM_DSN", testkit::role_dsn(scene.postgres, "dispatch", store::kDispatcherRole)}}));
    CHECK(scene.waiting() == waiting);
    CHECK(stored(scene.admin).empty());
    {
        const std::jthread loop([&](const std::stop_token& stop) { keep_summaries(scene.database, stop); });
        CHECK(testkit::wait_until([&] { return scene.waiting() == 0; }));
    }
    CHECK(stored(scene.admin) == recount(scene.admin));
}

TEST_CASE("the summaries of two instances that work at the same time equal a recount") {
    SummaryScene scene;
    Market market(7);
    std::array<std::size_t, 2> added{};
    std::array<std::exception_ptr, 2> failed;
    {
        std::atomic<int> at_work = 0;
        const auto loop = [&](store::Database& database, std::size_t number) {
            return std::jthread([&, number](const std::stop_token& stop) {
                try {
                    while (!stop.stop_requested()) {
                        const auto more = summarize(database, 3);
                        at_work += added.at(number) == 0 && more > 0 ? 1 : 0;
                        added.at(number) += more;
                    }
                } catch (...) {
                    failed.at(number) = std::current_exception();
                }
            });
        };
        const auto first = loop(scene.database, 0);
        const auto second = loop(scene.other, 1);
        CHECK(testkit::wait_until([&] {
            market.write(scene.admin);
            return at_work == 2;
        }));
        CHECK(testkit::wait_until([&] { return scene.waiting() == 0; }));
    }
    CHECK_FALSE(failed[0]);
    CHECK_FALSE(failed[1]);
    CHECK(added[0] > 0);
    CHECK(added[1] > 0);
    CHECK(stored(scene.admin) == recount(scene.admin));
    SECTION("while one is at it, the other one adds nothing and waits for nothing") {
        market.write(scene.database);
        market.write(scene.database);
        scene.database.transact([&](store::Txn& txn) {
            CHECK(summarize_jobs(txn, 1) == 1);
            CHECK(summarize(scene.other, 1'000) == 0);
        });
    }
}
