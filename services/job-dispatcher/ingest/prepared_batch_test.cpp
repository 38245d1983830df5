// Tests of batches that are prepared ahead: same rows, and the order of the journal.
#include "services/job-dispatcher/ingest/prepared_batch.hpp"

#include <future>
#include <random>

#include "pgingest/write_behind.hpp"
#include "services/job-dispatcher/jobs/job_write.hpp"
#include "services/job-dispatcher/testing/projection_world.hpp"
#include "testkit/process.hpp"

using namespace lamda;
using namespace lamda::dispatch;
using dispatch::testing::BatchMaker;
using dispatch::testing::joined;
using dispatch::testing::LogKind;
using Scene = dispatch::testing::ProjectionScene;

namespace {

constexpr std::uint64_t kJobs = 1'200;
constexpr std::uint64_t kOtherJobs = 50'000;  ///< number of the first job that the test does not check

/// Adds a creation to the logs, so that the batch is prepared.
ingest::Batch with_creation(BatchMaker& chain, std::uint64_t job, LogKind kind, std::uint64_t count) {
    auto creation = chain.next(LogKind::kCreated, job, 1, 1);
    return joined(std::move(creation), chain.next(kind, 0, count, 100));
}

void put_early_status(Scene& scene, const JobId& job) {
    scene.database.transact([&](store::Txn& txn) {
        txn.exec(
            "INSERT INTO dispatch.early_status (job_id, provider, attempt, seq, recovering, body) "
            "VALUES ($1, substr(sha256('p'), 1, 20), 1, 1, true, 'x')",
            {job});
    });
}

}  // namespace

TEST_CASE("Derived: a prepared batch leads to the same rows as one applied without preparation") {
    const auto seed = GENERATE(range(1U, 6U));
    INFO("seed " << seed);
    // Each job's logs are in order, logs of different jobs interleaved, over two large batches: some jobs
    // begin in the first batch and end in the second.
    std::mt19937 dice(seed);
    BatchMaker chain;
    std::vector<ingest::Batch> batches;
    std::vector<LogKind> next(1'500, LogKind::kCreated);
    for (int i = 0; i < 2; ++i) {
        std::optional<ingest::Batch> all;
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
        REQUIRE(all->logs.size() >= pgingest::WriteBehind::kLarge);
        batches.push_back(std::move(*all));
    }
    Scene ahead;
    Scene in_turn;
    for (const auto& batch : batches) {
        REQUIRE(ahead.projection.prepare(batch));
        ahead.projector.apply(batch);
        in_turn.database.transact([&](store::Txn& txn) {
            in_turn.projection.apply(txn, batch, {batch.boundary, batch.finalized});
        });
        CHECK(ahead.rows() == in_turn.rows());
    }
    CHECK(ahead.count(
              "dispatch.job_event e JOIN dispatch.job j ON j.id = e.job_id WHERE e.kind = 'claimed'") > 0);
}

TEST_CASE("Derived: a batch that is prepared while its predecessor is written follows it in the journal") {
    Scene scene;
    pgingest::WriteBehind behind(scene.projector);
    SECTION("the predecessor creates no job and is not prepared") {
        behind.apply(scene.chain.next(LogKind::kCreated, 0, kJobs, 100));
        behind.apply(scene.chain.next(LogKind::kConfirmed, 0, kJobs, 100));
        behind.apply(with_creation(scene.chain, kOtherJobs, LogKind::kClaimed, kJobs));
        behind.settle();
        scene.require_rows_are_folds(kJobs, wire::ChainState::kPaid);
    }
    SECTION("the predecessor is applied again, because of existing rows") {
        behind.apply(scene.chain.next(LogKind::kCreated, kOtherJobs, 1, 1));
        const auto before = *scene.chain.head();
        behind.apply(scene.chain.next(LogKind::kCreated, 0, kJobs, 100));
        behind.unwind(scene.chain.back_to(before));
        behind.apply(scene.chain.next(LogKind::kCreated, 0, kJobs, 100));
        behind.apply(with_creation(scene.chain, kOtherJobs + 1, LogKind::kConfirmed, kJobs));
        behind.settle();
        scene.require_rows_are_folds(kJobs, wire::ChainState::kConfirmed);
        // Folding again after the unwind of a claim gives the same rows.
        const auto there = *scene.chain.head();
        behind.apply(scene.chain.next(LogKind::kClaimed, 0, kJobs, 100));
        behind.unwind(scene.chain.back_to(there));
        scene.require_rows_are_folds(kJobs, wire::ChainState::kConfirmed);
    }
    SECTION("the predecessor absorbs an early status") {
        put_early_status(scene, testing::job_id(0));
        auto first = scene.chain.next(LogKind::kCreated, 0, kJobs, 100);
        behind.apply(joined(std::move(first), scene.chain.next(LogKind::kConfirmed, 0, 1, 1)));
        auto next = scene.chain.next(LogKind::kCreated, kOtherJobs, 1, 1);
        behind.apply(joined(std::move(next), scene.chain.next(LogKind::kConfirmed, 1, kJobs - 1, 100)));
        behind.settle();
        CHECK(scene.count("dispatch.early_status") == 0);
        scene.require_rows_are_folds(kJobs, wire::ChainState::kConfirmed);
    }
}

TEST_CASE("Derived: entries that are written while a job's next fact is prepared precede it") {
    Scene scene;
    scene.projector.apply(scene.chain.next(LogKind::kCreated, kOtherJobs, 1, 1));
    const auto before = *scene.chain.head();
    scene.projector.apply(scene.chain.next(LogKind::kCreated, 0, 1, 1));
    const bool creation = GENERATE(false, true);
    INFO((creation ? "its creation in another block, as an audit finds it" : "a work fact"));
    if (creation) {
        scene.projector.unwind(scene.chain.back_to(before));
        scene.projector.apply(scene.chain.next(LogKind::kCreated, kOtherJobs + 1, 1, 1));
    }
    auto next = scene.chain.next(LogKind::kCreated, 1'000, 600, 100);
    next = joined(std::move(next), scene.chain.next(LogKind::kConfirmed, 0, 1, 1));
    auto write = scene.projector.prepare(next);
    scene.database.transact([&](store::Txn& txn) {
        std::vector<JobWrite> writes(1);
        writes[0].before = lock_jobs(txn, {testing::job_id(0)}).begin()->second;
        JobEvent& entry = writes[0].entries.emplace_back();
        entry.job_id = testing::job_id(0);
        entry.at = scene.clock.now();
        entry.fact = wire::WorkFact::kSpecMissing;
        if (creation) {
            entry.fact = ChainFact::kCreated;
            entry.position = ChainPosition{{BlockNum{2}, {}}, 77, {}};
        }
        write_jobs(txn, writes, ChainId{31337}, scene.clock.now());
    });
    write();
    scene.require_rows_are_folds(1, wire::ChainState::kConfirmed);
}

TEST_CASE("Derived: duplicates and facts before their creation are folded in order") {
    Scene scene;
    auto all = scene.chain.next(LogKind::kConfirmed, 0, 50, 10);
    const std::vector<std::tuple<LogKind, std::uint64_t, std::uint64_t>> parts{{LogKind::kCreated, 0, 700},
                                                                               {LogKind::kCreated, 0, 100},
                                                                               {LogKind::kClaimed, 20, 200},
                                                                               {LogKind::kCreated, 600, 200},
                                                                               {LogKind::kConfirmed, 0, 900}};
    for (const auto& [kind, first, count] : parts) {
        all = joined(std::move(all), scene.chain.next(kind, first, count, 30));
    }
    Scene in_turn;
    in_turn.database.transact(
        [&](store::Txn& txn) { in_turn.projection.apply(txn, all, {all.boundary, all.finalized}); });
    pgingest::WriteBehind behind(scene.projector);
    behind.apply(all);
    // Jobs that were confirmed without a row are created in the next batch, which is prepared meanwhile.
    behind.apply(scene.chain.next(LogKind::kCreated, 800, 600, 100));
    behind.settle();
    CHECK(scene.count("dispatch.job") == 1'400);
    scene.projector.unwind(scene.chain.back_to(all.to));
    auto rows = scene.rows();
    CHECK(scene.count("dispatch.job WHERE status = 'retracted'") == 600);
    scene.exec(
        "DELETE FROM dispatch.job_event WHERE orphaned; DELETE FROM dispatch.job WHERE status = 'retracted'");
    CHECK(scene.rows() == in_turn.rows());
}

TEST_CASE("a batch with recent events is not prepared, so that the events are sent") {
    Scene scene;
    auto batch = scene.chain.next(LogKind::kCreated, 0, 600, 100);
    CHECK(scene.projection.prepare(batch));
    batch.headers.back().timestamp = static_cast<std::uint64_t>(
        std::chrono::duration_cast<std::chrono::seconds>(scene.clock.now().time_since_epoch()).count());
    CHECK_FALSE(scene.projection.prepare(batch));
    scene.projector.apply(batch);
    CHECK(scene.count("dispatch.job") == 600);
    CHECK(scene.count("bus.outbox") == 200);  // events of the last block, on two subjects each
}

TEST_CASE("preparing a batch locks the journal first, and waits there for a bulk load") {
    Scene scene;
    store::Database preparing(scene.database.dsn(), "preparing", 1);
    JobProjection projection(preparing, scene.source, scene.deployment, scene.progress, scene.clock,
                             telemetry::Log::none());
    const auto batch = scene.chain.next(LogKind::kCreated, 0, 600, 100);
    std::future<bool> prepared;
    scene.database.transact([&](store::Txn& txn) {
        txn.exec("LOCK TABLE dispatch.job_event IN ACCESS EXCLUSIVE MODE");
        prepared =
            std::async(std::launch::async, [&] { return static_cast<bool>(projection.prepare(batch)); });
        CHECK(testkit::wait_until([&] {
            return scene.count("pg_locks WHERE NOT granted AND relation = 'dispatch.job_event'::regclass") ==
                   1;
        }));
        txn.exec("LOCK TABLE dispatch.job IN ACCESS EXCLUSIVE MODE NOWAIT");
    });
    CHECK(prepared.get());
}
