// Tests of the summaries of jobs: after any history they equal a recount of all jobs.
#include "services/job-dispatcher/summary/summary_store.hpp"

#include <catch2/catch.hpp>

#include "services/job-dispatcher/testing/summary_scene.hpp"

using namespace lamda;
using namespace lamda::dispatch;
using namespace lamda::dispatch::testing;

TEST_CASE(
    "Derived: after any history, with crashes in its middle, the summaries equal a recount of all jobs") {
    const auto seed = GENERATE(range(1U, 5U));
    INFO("seed " << seed);
    SummaryScene scene;
    Market market(seed);
    for (int round = 0; round < 8; ++round) {
        for (int step = 0; step < 15; ++step) {
            market.write(scene.database);
            switch (market.below(5)) {
                case 0:
                    summarize(scene.database, 1 + market.below(30));
                    break;
                case 1:  // killed after the step, before its commit
                    CHECK_THROWS(scene.database.transact([&](store::Txn& txn) {
                        const auto pid = txn.one("SELECT pg_backend_pid() AS pid").get<int>("pid");
                        summarize_jobs(txn, 20);
                        scene.admin.transact([&](store::Txn& killer) {
                            killer.exec("SELECT pg_terminate_backend($1, 10000)", {pid});
                        });
                    }));
                    break;
                case 2:
                    scene.admin.transact(
                        [](store::Txn& txn) { txn.exec("DELETE FROM dispatch.job WHERE last_event < 20"); });
                    break;
                default:
                    break;
            }
        }
        while (summarize(scene.database, 50) > 0) {
        }
        CHECK(scene.waiting() == 0);
        CHECK(stored(scene.admin) == recount(scene.admin));
    }
}

TEST_CASE("changes are added in the order of their numbers, so that no sum is ever negative") {
    SummaryScene scene;
    Market market(5);
    for (int step = 0; step < 25; ++step) {
        market.write(scene.database);
    }
    // Those that begin to count move behind those that end to count.
    scene.admin.transact([](store::Txn& txn) {
        CHECK(txn.one("SELECT count(*) AS n FROM dispatch.job_change WHERE times < 0").get<int>("n") > 10);
        txn.exec("UPDATE dispatch.job_change SET times = times WHERE times > 0");
    });
    while (summarize(scene.database, 1) > 0) {
        for (const auto& [key, sum] : stored(scene.admin)) {
            REQUIRE(sum.jobs > 0);
        }
    }
    CHECK(stored(scene.admin) == recount(scene.admin));
}

TEST_CASE("the summaries of truncated jobs are empty, and a recount repairs damaged ones") {
    SummaryScene scene;
    Market market(9);
    for (int step = 0; step < 10; ++step) {
        market.write(scene.database);
    }
    summarize(scene.database, 15);
    REQUIRE_FALSE(stored(scene.admin).empty());
    REQUIRE(scene.waiting() > 0);
    SECTION("truncated") {
        scene.admin.transact([](store::Txn& txn) { txn.exec("TRUNCATE dispatch.job CASCADE"); });
        CHECK(scene.waiting() == 0);
        CHECK(stored(scene.admin).empty());
    }
    SECTION("damaged") {
        scene.admin.transact([](store::Txn& txn) {
            txn.exec("UPDATE dispatch.market_summary SET jobs = jobs + 1");
            txn.exec("DELETE FROM dispatch.address_summary");
            txn.exec("UPDATE dispatch.provider_activity SET completed = 7");
        });
        // The statements of docs/operations.md.
        scene.admin.transact([](store::Txn& txn) {
            txn.exec("LOCK TABLE dispatch.job IN SHARE MODE");
            txn.exec(
                "TRUNCATE dispatch.job_change, dispatch.market_summary, dispatch.address_summary, "
                "dispatch.provider_activity");
            txn.exec(
                "INSERT INTO dispatch.job_change (times, renter, provider, payment, status, work_state, "
                "created_at, work_since) SELECT 1, renter, provider, payment, status, work_state, "
                "created_at, work_since FROM dispatch.job");
        });
        while (summarize(scene.database, 100) > 0) {
        }
        CHECK(stored(scene.admin) == recount(scene.admin));
    }
}

TEST_CASE("a reorg takes its jobs out of the summaries, and their return brings them back") {
    ProjectionScene scene;
    const auto summed = [&](const std::string& what) {
        while (summarize(scene.database, 100) > 0) {
        }
        CHECK(stored(scene.database) == recount(scene.database));
        return scene.database.transact([&](store::Txn& txn) {
            return txn
                .one(
                    "SELECT coalesce(sum(jobs), 0)::bigint AS n FROM api.market_summary WHERE period = 'day' "
                    "AND " +
                    what)
                .get<std::int64_t>("n");
        });
    };
    scene.projector.apply(scene.chain.next(LogKind::kCreated, 0, 4, 1));
    const auto before = *scene.chain.head();
    scene.projector.apply(scene.chain.next(LogKind::kCreated, 4, 3, 1));
    CHECK(summed("state = 'created'") == 7);
    scene.projector.unwind(scene.chain.back_to(before));
    CHECK(summed("state = 'created'") == 4);
    CHECK(summed("state = 'retracted'") == 3);
    scene.projector.apply(scene.chain.next(LogKind::kCreated, 4, 2, 1));
    CHECK(summed("state = 'created'") == 6);
    CHECK(summed("state = 'retracted'") == 1);
}

TEST_CASE("the jobs of an earlier release are summarized after the migration") {
    testkit::TempDir dir{"summary"};
    testkit::PostgresServer postgres{dir.path()};
    store::Database database{postgres.create_database("old"), "test", 2};
    const auto all = store::embedded_migrations();
    const auto added = std::find_if(all.begin(), all.end(), [](const auto& migration) {
        return migration.name.ends_with("_summarize_jobs.sql");
    });
    REQUIRE(added != all.end());
    store::migrate(database, all.first(static_cast<std::size_t>(added - all.begin())));
    Market market(3);
    for (int i = 0; i < 10; ++i) {
        market.write(database);
    }
    store::migrate(database);
    market.write(database);
    while (summarize(database, 7) > 0) {
    }
    CHECK_FALSE(recount(database).empty());
    CHECK(stored(database) == recount(database));
}
