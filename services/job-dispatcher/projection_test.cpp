// JobManager's logs into rows, in a real database.
#include "projection.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <random>
#include <set>

#include "job_store.hpp"
#include "pipeline/projector.hpp"
#include "prepared_batch.hpp"
#include "store/migrations.hpp"
#include "test_batches.hpp"
#include "testkit/servers.hpp"

using namespace lamda;
using namespace lamda::dispatch;
using dispatch::testing::BatchMaker;
using dispatch::testing::LogKind;

namespace {

struct Scene {
    Scene() {
        store::migrate(database);
        projector.bind({ChainId{31337}, {Address{}}});
    }

    /// Invariant 2; and the journal is in the chain's order.
    void require_rows_are_folds(std::uint64_t jobs, wire::ChainState state) {
        database.transact([&](store::Txn& txn) {
            std::vector<JobId> ids;
            for (std::uint64_t job = 0; job < jobs; ++job) {
                ids.push_back(testing::job_id(job));
            }
            const auto rows = lock_jobs(txn, ids);
            const auto journals = read_journals(txn, ids);
            REQUIRE(rows.size() == jobs);
            REQUIRE(journals.size() == jobs);
            for (const auto& [id, row] : rows) {
                REQUIRE((fold(journals.at(id)) == row));
                REQUIRE(row.chain_state == state);
                REQUIRE(row.last_event > 0);
            }
            const auto disorder = txn.one(
                "SELECT count(*) AS n FROM (SELECT (block_num, log_index) <= lag((block_num, log_index)) "
                "OVER (ORDER "
                "BY id) AS wrong FROM dispatch.job_event WHERE NOT orphaned) e WHERE wrong");
            CHECK(disorder.get<int>("n") == 0);
        });
    }
    /// All of journal and jobs, but for the ids, whose order counts.
    std::vector<std::string> rows() {
        std::vector<std::string> out;
        for (const auto* sql :
             {"SELECT to_jsonb(e) - 'id' AS row FROM dispatch.job_event e ORDER BY id",
              "SELECT to_jsonb(j) - 'last_event' || jsonb_build_object('last', (SELECT block_num FROM "
              "dispatch.job_event e WHERE e.id = j.last_event)) AS row FROM dispatch.job j ORDER BY j.id"}) {
            database.transact([&](store::Txn& txn) {
                for (const auto row : txn.exec(sql)) {
                    out.push_back(row.get<std::string>("row"));
                }
            });
        }
        return out;
    }
    std::set<std::string> indexes() {
        return database.transact([](store::Txn& txn) {
            std::set<std::string> out;
            for (const auto row :
                 txn.exec("SELECT indexdef FROM pg_indexes WHERE schemaname = 'dispatch' AND "
                          "tablename IN ('job', 'job_event')")) {
                out.insert(row.get<std::string>("indexdef"));
            }
            return out;
        });
    }
    void exec(const std::string& script) {
        database.transact([&](store::Txn& txn) { txn.exec_script(script); });
    }
    void clear() { exec("DELETE FROM dispatch.job; DELETE FROM dispatch.job_event"); }
    std::int64_t count(const std::string& from_where) {
        return database.transact([&](store::Txn& txn) {
            return txn.one("SELECT count(*) AS n FROM " + from_where).get<std::int64_t>("n");
        });
    }

    testkit::TempDir dir{"projection"};
    testkit::PostgresServer postgres{dir.path()};
    store::Database database{postgres.create_database("dispatch"), "test", 2};
    SystemClock clock;
    Market market{Address{}, ChainId{31337}, 3};
    StreamProgress progress;
    JobProjection projection{database, market, progress, clock, telemetry::Log::none()};
    pipeline::Projector projector{database, kStream, projection};
    BatchMaker chain;
};

/// The blocks of one after those of the other.
chain::Batch joined(chain::Batch batch, chain::Batch more) {
    std::move(more.headers.begin(), more.headers.end(), std::back_inserter(batch.headers));
    std::move(more.logs.begin(), more.logs.end(), std::back_inserter(batch.logs));
    batch.to = more.to;
    batch.to_timestamp = more.to_timestamp;
    batch.boundary = more.boundary;
    batch.finalized = more.finalized;
    return batch;
}

}  // namespace

TEST_CASE("Derived: rows equal the fold of the journal, whatever the number of jobs in a batch") {
    const std::uint64_t jobs = GENERATE(1U, 31U, 32U, 2'500U);
    INFO(jobs << " jobs");
    Scene scene;
    scene.projector.apply(scene.chain.next(LogKind::kCreated, 0, jobs, 100));
    scene.require_rows_are_folds(jobs, wire::ChainState::kCreated);
    scene.projector.apply(scene.chain.next(LogKind::kConfirmed, 0, jobs, 50));
    scene.require_rows_are_folds(jobs, wire::ChainState::kConfirmed);
    const auto before = *scene.chain.head();
    scene.projector.apply(scene.chain.next(LogKind::kClaimed, 0, jobs, 200));
    scene.require_rows_are_folds(jobs, wire::ChainState::kPaid);

    scene.projector.unwind(scene.chain.back_to(before));
    scene.require_rows_are_folds(jobs, wire::ChainState::kConfirmed);
    CHECK(scene.count("dispatch.job_event WHERE orphaned") == static_cast<std::int64_t>(jobs));
    scene.projector.apply(scene.chain.next(LogKind::kClaimed, 0, jobs, 300));
    scene.require_rows_are_folds(jobs, wire::ChainState::kPaid);
    CHECK(scene.count("dispatch.job") == static_cast<std::int64_t>(jobs));
    CHECK(scene.count("bus.outbox") == 0);  // nobody waits for what happened years ago
}

TEST_CASE("Derived: a job may be created, confirmed and paid within one batch, however large") {
    constexpr std::uint64_t kJobs = 2'100;  // 6,300 logs: more than are written at once
    Scene scene;
    auto all = scene.chain.next(LogKind::kCreated, 0, kJobs, 100);
    for (const auto kind : {LogKind::kConfirmed, LogKind::kClaimed}) {
        all = joined(std::move(all), scene.chain.next(kind, 0, kJobs, 100));
    }
    scene.projector.apply(all);
    scene.require_rows_are_folds(kJobs, wire::ChainState::kPaid);
    CHECK(scene.count("dispatch.job_event") == 3 * kJobs);
    CHECK(scene.count("dispatch.job WHERE created_at < updated_at") == kJobs);
}

TEST_CASE("Complete: jobs that are created again after a reorg take their rows up, in a batch of any size") {
    const std::uint64_t jobs = GENERATE(10U, 2'500U);
    INFO(jobs << " jobs");
    Scene scene;
    scene.projector.apply(scene.chain.next(LogKind::kCreated, 10'000, 1, 1));
    const auto before = *scene.chain.head();
    scene.projector.apply(scene.chain.next(LogKind::kCreated, 0, jobs, 100));
    scene.projector.unwind(scene.chain.back_to(before));
    CHECK(scene.count("dispatch.job WHERE status = 'retracted'") == static_cast<std::int64_t>(jobs));
    scene.projector.apply(scene.chain.next(LogKind::kCreated, 20'000, jobs - 1, 100));
    scene.projector.apply(scene.chain.next(LogKind::kCreated, 0, jobs, 70));
    scene.require_rows_are_folds(jobs, wire::ChainState::kCreated);
    scene.projector.apply(scene.chain.next(LogKind::kCreated, 30'000, jobs, 100));
    CHECK(scene.count("dispatch.job") == static_cast<std::int64_t>(3 * jobs));
    CHECK(scene.count("dispatch.job WHERE status = 'created'") == static_cast<std::int64_t>(3 * jobs));
}

TEST_CASE("Complete: one place of the canonical chain holds one entry") {
    Scene scene;
    scene.projector.apply(scene.chain.next(LogKind::kCreated, 0, 3, 10));
    const auto again = [&](const std::string& orphaned) {
        scene.database.transact([&](store::Txn& txn) {
            txn.exec(
                "INSERT INTO dispatch.job_event (job_id, kind, body, block_num, block_hash, log_index, "
                "tx_hash, "
                "at, orphaned) SELECT job_id, kind, body, block_num, sha256(block_hash), log_index, tx_hash, "
                "at, " +
                orphaned + " FROM dispatch.job_event WHERE log_index = 1 AND NOT orphaned");
        });
    };
    CHECK_NOTHROW(again("true"));  // what was taken back stays in the journal
    CHECK_THROWS_AS(again("false"), store::ConstraintViolation);
}

TEST_CASE("Atomic: what one writer has applied another cannot apply again") {
    Scene scene;
    const auto first = scene.chain.next(LogKind::kCreated, 0, 100, 100);
    const auto second = scene.chain.next(LogKind::kConfirmed, 0, 100, 100);
    scene.projector.apply(first);
    scene.projector.apply(second);
    pipeline::Projector late(scene.database, kStream, scene.projection);
    CHECK_THROWS_AS(late.apply(second), chain::CursorMoved);
    CHECK(scene.count("dispatch.job_event") == 200);
    scene.require_rows_are_folds(100, wire::ChainState::kConfirmed);
}

TEST_CASE("Derived: what is worked out ahead is what is worked out in turn, whatever a batch holds") {
    const auto seed = GENERATE(range(1U, 6U));
    INFO("seed " << seed);
    // Each job's logs in order, the jobs' logs among each other, over two large batches and the blocks of
    // both: some jobs begin in the first and end in the second, some were created before either.
    std::mt19937 dice(seed);
    BatchMaker chain;
    std::vector<chain::Batch> batches;
    std::vector<LogKind> next(1'500, LogKind::kCreated);
    for (int i = 0; i < 2; ++i) {
        std::optional<chain::Batch> all;
        for (int block = 0; block < 90; ++block) {
            const auto job = std::uniform_int_distribution<std::size_t>(0, next.size() - 20)(dice);
            const auto kind = next[job];
            std::size_t count = 0;
            while (count < 20 && next[job + count] == kind) {
                next[job + count++] = kind == LogKind::kCreated ? LogKind::kConfirmed : LogKind::kClaimed;
            }
            auto more = chain.next(kind, job, count, 20);
            all = all ? joined(std::move(*all), std::move(more)) : std::move(more);
        }
        REQUIRE(all->logs.size() >= kManyLogs);
        batches.push_back(std::move(*all));
    }
    Scene ahead;
    Scene in_turn;
    for (const auto& batch : batches) {
        REQUIRE(ahead.projection.prepare(batch));
        ahead.projector.apply(batch);
        in_turn.database.transact([&](store::Txn& txn) {
            in_turn.projection.apply(txn, batch, {batch.boundary, batch.finalized, false});
        });
        CHECK(ahead.rows() == in_turn.rows());
    }
    CHECK(ahead.count(
              "dispatch.job_event e JOIN dispatch.job j ON j.id = e.job_id WHERE e.kind = 'claimed'") > 0);
}

TEST_CASE("A first history goes without the indexes that enforce nothing, and has them at its end") {
    Scene scene;
    const auto whole = scene.indexes();
    const auto history = [&](std::uint64_t first, std::uint64_t count) {
        auto batch = scene.chain.next(LogKind::kCreated, first, count, 100);
        batch.is_history = true;
        return batch;
    };
    scene.projector.apply(history(0, 10));
    REQUIRE(scene.indexes() == whole);  // a small batch loads nothing
    SECTION("tables that hold rows keep them") {
        scene.projector.apply(history(10, 1'000));
        CHECK(scene.indexes() == whole);
    }
    SECTION("empty ones go without until the history ends") {
        scene.clear();
        const auto first = history(10, 1'000);
        auto elsewhere = first;
        elsewhere.from = BlockRef{BlockNum{7}, {}};
        CHECK_THROWS_AS(scene.projector.apply(elsewhere), chain::CursorMoved);
        CHECK(scene.indexes() == whole);  // nothing was written, nothing is left out
        scene.projector.apply(first);
        const auto fewer = scene.indexes();
        CHECK(fewer.size() + 5 == whole.size());
        CHECK(std::includes(whole.begin(), whole.end(), fewer.begin(), fewer.end()));
        scene.projector.apply(history(2'000, 3));
        scene.projector.apply(history(3'000, 1'000));
        CHECK(scene.indexes() == fewer);
        SECTION("with the first batch that is none") {
            scene.projector.apply(scene.chain.next(LogKind::kConfirmed, 3'000, 1'000, 100));
        }
        SECTION("or where a stream finds itself at the head") {
            scene.projector.boundary(scene.chain.head()->number, BlockNum{1});
        }
        SECTION("or after ten minutes, for those who read") {
            scene.exec("UPDATE dispatch.left_out_index SET since = since - interval '11 minutes'");
            scene.projector.apply(history(5'000, 1));
        }
        CHECK(scene.indexes() == whole);
        CHECK(scene.count("dispatch.left_out_index") == 0);
        scene.projector.apply(history(6'000, 1'000));
        CHECK(scene.indexes() == whole);
    }
    SECTION("a role that does not own the tables leaves them as they are") {
        scene.clear();
        scene.exec(
            "CREATE ROLE guest LOGIN; GRANT USAGE ON SCHEMA dispatch, chain, bus TO guest; "
            "GRANT ALL ON ALL TABLES IN SCHEMA dispatch, chain, bus TO guest; "
            "GRANT ALL ON ALL SEQUENCES IN SCHEMA dispatch, chain, bus TO guest");
        auto dsn = scene.database.dsn();
        dsn.replace(dsn.find("postgres@"), 8, "guest");
        store::Database guests(dsn, "guest", 2);
        JobProjection projection(guests, scene.market, scene.progress, scene.clock, telemetry::Log::none());
        pipeline::Projector projector(guests, kStream, projection);
        projector.apply(history(10, 1'000));
        CHECK(scene.indexes() == whole);
        CHECK(scene.count("dispatch.job") == 1'000);
    }
}
