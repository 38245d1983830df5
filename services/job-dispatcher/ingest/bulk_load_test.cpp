// Tests of the bulk load: the indexes that it drops, and the conditions on which it builds them again.
#include "services/job-dispatcher/ingest/bulk_load.hpp"

#include <algorithm>
#include <atomic>
#include <thread>

#include "services/job-dispatcher/jobs/job_write.hpp"
#include "services/job-dispatcher/testing/projection_world.hpp"
#include "testkit/process.hpp"

using namespace lamda;
using namespace lamda::dispatch;
using dispatch::testing::LogKind;
using Scene = dispatch::testing::ProjectionScene;

TEST_CASE("A bulk load drops the indexes that enforce no constraint, and builds them at its end") {
    Scene scene;
    const auto whole = scene.indexes();
    const auto history = [&](std::uint64_t first, std::uint64_t count) {
        auto batch = scene.chain.next(LogKind::kCreated, first, count, 100);
        batch.is_history = true;
        return batch;
    };
    scene.projector.apply(history(0, 10));
    REQUIRE(scene.indexes() == whole);  // a small batch starts no load
    SECTION("tables with many rows keep their indexes") {
        scene.projector.apply(scene.chain.next(LogKind::kCreated, 10, 10'000, 1'000));
        scene.projector.apply(history(20'000, 1'000));
        CHECK(scene.indexes() == whole);
    }
    SECTION("small tables have no such indexes until the history ends") {
        const auto first = history(10, 1'000);
        auto wrong_cursor = first;
        wrong_cursor.from = BlockRef{BlockNum{7}, {}};
        CHECK_THROWS_AS(scene.projector.apply(wrong_cursor), ingest::CursorMoved);
        CHECK(scene.indexes() == whole);  // nothing was written, no index was dropped
        scene.projector.apply(first);
        const auto fewer = scene.indexes();
        CHECK(fewer.size() + 5 == whole.size());
        CHECK(std::includes(whole.begin(), whole.end(), fewer.begin(), fewer.end()));
        scene.projector.apply(history(2'000, 3));
        scene.projector.apply(history(3'000, 1'000));
        CHECK(scene.indexes() == fewer);
        SECTION("ended by the first batch that is not history") {
            scene.projector.apply(scene.chain.next(LogKind::kConfirmed, 3'000, 1'000, 100));
        }
        SECTION("ended by a stream that is at the head") {
            scene.projector.boundary(scene.chain.head()->number, BlockNum{1});
        }
        SECTION("ended after ten minutes, for readers") {
            scene.end_load(kLongestLoad);
            CHECK(scene.indexes() == fewer);
            scene.exec("UPDATE dispatch.left_out_index SET since = since - interval '11 minutes'");
            scene.end_load(kLongestLoad);
        }
        SECTION("ended although another session built an index meanwhile") {
            scene.exec("CREATE INDEX job_by_age ON dispatch.job (block_num, log_index)");
            scene.end_load(Millis{0});
        }
        SECTION("ended in spite of the role's statement timeout") {
            scene.exec("ALTER ROLE postgres SET statement_timeout = '1min'");
            // A new session has that limit, and lifts it for the transaction that builds the indexes.
            store::Database limited(scene.database.dsn(), "limited", 1);
            const auto limit = [](store::Txn& txn) {
                return txn.one("SHOW statement_timeout").get<std::string>("statement_timeout");
            };
            limited.transact([&](store::Txn& txn) {
                CHECK(limit(txn) == "1min");
                end_load(txn, Millis{0}, telemetry::Log::none());
                CHECK(limit(txn) == "0");
            });
            CHECK(limited.transact(limit) == "1min");
        }
        CHECK(scene.indexes() == whole);
        CHECK(scene.count("dispatch.left_out_index") == 0);
        scene.projector.apply(scene.chain.next(LogKind::kCreated, 6'000, 1, 1));
        CHECK(scene.indexes() == whole);
    }
    SECTION("a role without ownership and without access to the list does the same") {
        scene.exec(
            "CREATE ROLE guest LOGIN; GRANT USAGE ON SCHEMA dispatch, chain, bus TO guest; "
            "GRANT ALL ON ALL TABLES IN SCHEMA dispatch, chain, bus TO guest; "
            "GRANT ALL ON ALL SEQUENCES IN SCHEMA dispatch, chain, bus TO guest; "
            "REVOKE ALL ON dispatch.left_out_index FROM guest");
        auto dsn = scene.database.dsn();
        dsn.replace(dsn.find("postgres@"), 8, "guest");
        store::Database guests(dsn, "guest", 2);
        JobProjection projection(guests, scene.source, scene.deployment, scene.progress, scene.clock,
                                 telemetry::Log::none());
        pgingest::Projector projector(guests, kStream, projection);
        projector.apply(history(10, 1'000));
        CHECK(scene.indexes().size() + 5 == whole.size());
        projector.apply(scene.chain.next(LogKind::kCreated, 5'000, 1, 1));
        CHECK(scene.indexes() == whole);
    }
}

TEST_CASE("A load and a reader do not block each other") {
    Scene scene;
    const auto whole = scene.indexes();
    auto batch = scene.chain.next(LogKind::kCreated, 0, 1'000, 100);
    batch.is_history = true;
    store::Database reader(scene.database.dsn(), "reader", 1);
    reader.transact([&](store::Txn& txn) {
        txn.one("SELECT count(*) AS n FROM dispatch.job");
        scene.projector.apply(batch);
        CHECK(txn.one("SELECT count(*) AS n FROM dispatch.job").get<int>("n") == 1'000);
    });
    CHECK(scene.indexes() == whole);  // no index was dropped
}

TEST_CASE("Indexes are built while other transactions write jobs") {
    constexpr std::uint64_t kJobs = 20'000;
    Scene scene;
    // Deadlocks are detected early, because the builds of this test are short.
    scene.exec("ALTER ROLE postgres SET deadlock_timeout = '5ms'");
    store::Database others(scene.database.dsn(), "others", 4);
    JobProjection projection(others, scene.source, scene.deployment, scene.progress, scene.clock,
                             telemetry::Log::none());
    pgingest::Projector projector(others, kStream, projection);
    auto first = scene.chain.next(LogKind::kCreated, 0, kJobs, 1'000);
    first.is_history = true;
    projector.apply(first);
    std::atomic<bool> stop = false;
    std::atomic<std::uint64_t> written = 0;
    std::thread writer([&] {
        for (; !stop && written < kJobs; ++written) {
            others.transact(
                [&](store::Txn& txn) {  // as a status does: locks the row, writes journal, then row
                    std::vector<JobWrite> writes(1);
                    writes[0].before = lock_jobs(txn, {testing::job_id(written)}).begin()->second;
                    JobEvent& entry = writes[0].entries.emplace_back();
                    entry.job_id = testing::job_id(written);
                    entry.fact = wire::WorkFact::kSpecMissing;
                    entry.at = scene.clock.now();
                    write_jobs(txn, writes, ChainId{31337}, scene.clock.now());
                });
        }
    });
    CHECK(testkit::wait_until([&] { return written > 0; }));
    CHECK_NOTHROW(projector.apply(scene.chain.next(LogKind::kCreated, 400'000, 1, 1)));
    stop = true;
    writer.join();
    CHECK(scene.count("dispatch.left_out_index") == 0);
    CHECK(scene.count("pg_stat_database WHERE datname = current_database() AND deadlocks > 0") == 0);
    CHECK(scene.count("dispatch.job WHERE work_state = 'awaiting_spec'") ==
          static_cast<std::int64_t>(written.load()));
}
