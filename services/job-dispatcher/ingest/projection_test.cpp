// Tests of the projection of JobManager's logs, in a real database.
#include "services/job-dispatcher/ingest/projection.hpp"

#include "services/job-dispatcher/testing/projection_world.hpp"

using namespace lamda;
using namespace lamda::dispatch;
using dispatch::testing::joined;
using dispatch::testing::LogKind;
using Scene = dispatch::testing::ProjectionScene;

TEST_CASE("Derived: rows equal the fold of the journal, for any number of jobs in a batch") {
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
    CHECK(scene.count("bus.outbox") == 0);  // no events for old blocks
}

TEST_CASE("Derived: a job may be created, confirmed and paid within one batch of any size") {
    constexpr std::uint64_t kJobs = 2'100;  // 6,300 logs: more than one chunk
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

TEST_CASE("Complete: jobs that are created again after a reorg reuse their rows, in a batch of any size") {
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

TEST_CASE("Complete: one position of the canonical chain holds one entry") {
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
    CHECK_NOTHROW(again("true"));  // orphaned entries stay in the journal
    CHECK_THROWS_AS(again("false"), store::ConstraintViolation);
}

TEST_CASE("Atomic: a batch that one writer has applied cannot be applied by another") {
    Scene scene;
    const auto first = scene.chain.next(LogKind::kCreated, 0, 100, 100);
    const auto second = scene.chain.next(LogKind::kConfirmed, 0, 100, 100);
    scene.projector.apply(first);
    scene.projector.apply(second);
    pgingest::Projector late(scene.database, kStream, scene.projection);
    CHECK_THROWS_AS(late.apply(second), ingest::CursorMoved);
    CHECK(scene.count("dispatch.job_event") == 200);
    scene.require_rows_are_folds(100, wire::ChainState::kConfirmed);
}
