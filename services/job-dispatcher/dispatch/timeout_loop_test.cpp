// The deadlines of an attempt, in a time that moves when told to.
#include "services/job-dispatcher/dispatch/timeout_loop.hpp"

#include "services/job-dispatcher/bus/statuses.hpp"
#include "services/job-dispatcher/jobs/job_write.hpp"
#include "services/job-dispatcher/testing/projection_world.hpp"

using namespace lamda;
using namespace lamda::dispatch;
using wire::StatusKind;
using wire::WorkState;

namespace {

constexpr std::uint32_t kTimeLimit = 100;  // seconds

/// One job, whose first attempt has left.
struct Scene : testing::ProjectionScene {
    Scene() {
        projector.apply(chain.next(testing::LogKind::kCreated, 0, 1, 1));
        progress.set(true);
        database.transact([&](store::Txn& txn) {
            const auto policy = deployment.policy(txn).value();
            JobWrite write;
            write.before = lock_jobs(txn, {id}).at(id);
            wire::JobSpec spec;
            spec.chain_id = policy.chain_id;
            spec.job_manager = policy.job_manager;
            spec.renter = write.before->renter;
            spec.provider = provider = write.before->provider;
            spec.docker_image = "lamda/busybox:1.35";
            spec.requirements.time_limit_seconds = kTimeLimit;
            write.spec = spec;
            write.add(judge(*write.before, {spec, ""}, true, policy, time.now()));
            REQUIRE(write.send_attempt);
            std::vector<JobWrite> writes{write};
            write_jobs(txn, writes, policy.chain_id, time.now());
        });
    }

    /// What the relay does once JetStream has acknowledged the messages.
    void leaves() {
        database.transact([](store::Txn& txn) { txn.exec("DELETE FROM bus.outbox"); });
    }
    /// The provider is present with room, and says nothing of the job.
    void stays_present(Millis duration) {
        for (auto left = duration; left > Millis(0); left -= Millis(5'000)) {
            clock_loop.pass();
            wire::Heartbeat heartbeat;
            heartbeat.provider = provider;
            heartbeat.capacity = 1;
            heartbeat.seq = ++beats;
            presence.heartbeat(heartbeat, time.steady());
            time.advance(Millis(5'000));
        }
    }

    StatusOutcome says(StatusKind kind) {
        wire::JobStatus status;
        status.job_id = id;
        status.attempt = 1;
        status.seq = ++seq;
        status.provider = provider;
        status.status = kind;
        status.at = time.now();
        return database.transact([&](store::Txn& txn) {
            return take_status(txn, {status, wire::to_json(status)}, deployment.policy(txn).value(), true,
                               time.now());
        });
    }
    JobRow row() {
        return database.transact([&](store::Txn& txn) { return lock_jobs(txn, {id}).at(id); });
    }
    /// As long as the provider goes on saying so, every ten minutes.
    void pass(StatusKind kind, Millis duration) {
        for (auto left = duration; left > Millis(0);) {
            const auto step = std::min(left, Millis(600'000));
            time.advance(step);
            left -= step;
            says(kind);
            clock_loop.pass();
        }
    }

    JobId id = testing::job_id(0);
    Address provider;
    std::uint32_t seq = 0;
    std::uint64_t beats = 0;
    bool statuses_are_read = true;
    FakeClock time{from_unix_seconds(1'790'000'000)};
    PresenceClock presence;
    telemetry::Metrics metrics;
    TimeoutLoop clock_loop{database,   {},
                           deployment, progress,
                           presence,   [this] { return statuses_are_read; },
                           time,       telemetry::Log::none(),
                           metrics};
};

}  // namespace

TEST_CASE("An attempt that is accepted over and over, and never starts, ends after six hours") {
    Scene scene;
    scene.says(StatusKind::kAccepted);
    scene.clock_loop.pass();
    scene.pass(StatusKind::kAccepted, std::chrono::hours(6));
    CHECK(scene.row().work_state == WorkState::kAccepted);
    scene.time.advance(Millis(1));
    SECTION("but not while statuses wait to be read: a `running` may be among them") {
        scene.statuses_are_read = false;
        scene.clock_loop.pass();
        CHECK(scene.row().work_state == WorkState::kAccepted);
        scene.statuses_are_read = true;
        CHECK(scene.says(StatusKind::kRunning) == StatusOutcome::kApplied);
        scene.clock_loop.pass();
        CHECK(scene.row().work_state == WorkState::kRunning);
    }
    SECTION("with the reason") {
        scene.clock_loop.pass();
        CHECK(scene.row().work_state == WorkState::kFailed);
        CHECK(scene.row().error_message == "accepted and not started for too long");
    }
}

TEST_CASE("An attempt that runs on ends half an hour after its time limit, however long it prepared") {
    Scene scene;
    scene.says(StatusKind::kAccepted);
    scene.clock_loop.pass();
    scene.pass(StatusKind::kAccepted, std::chrono::hours(5));
    scene.says(StatusKind::kRunning);
    scene.clock_loop.pass();
    scene.pass(StatusKind::kRunning, std::chrono::seconds(kTimeLimit) + std::chrono::minutes(30));
    CHECK(scene.row().work_state == WorkState::kRunning);
    scene.time.advance(Millis(1));
    scene.clock_loop.pass();
    CHECK(scene.row().work_state == WorkState::kFailed);
    CHECK(scene.row().error_message == "still running after its time limit");
}

TEST_CASE("A process that has not read the chain up to its head ends no attempt") {
    Scene scene;
    scene.says(StatusKind::kAccepted);
    scene.clock_loop.pass();
    scene.progress.set(false);
    scene.time.advance(std::chrono::hours(7));
    scene.clock_loop.pass();
    CHECK(scene.row().work_state == WorkState::kAccepted);
    scene.progress.set(true);
    scene.clock_loop.pass();
    CHECK(scene.row().work_state == WorkState::kFailed);
}

TEST_CASE(
    "The time to accept an attempt begins when its assignment has left, not when it was put into the "
    "outbox") {
    Scene scene;
    scene.stays_present(std::chrono::minutes(30));
    CHECK(scene.row().work_state == WorkState::kAssigned);
    CHECK(scene.row().attempt == 1);
    scene.leaves();
    scene.stays_present(std::chrono::seconds(60));
    CHECK(scene.row().work_state == WorkState::kAssigned);
    scene.stays_present(std::chrono::seconds(20));
    CHECK(scene.row().work_state != WorkState::kAssigned);
    CHECK(scene.row().error_message == "not accepted within 1m by a provider with room for it");
}

TEST_CASE("A clock that is set a day forward or back, here or at the database, ends no attempt") {
    const auto day = std::chrono::hours(24) * GENERATE(1, -1);
    Scene scene;
    scene.leaves();
    SECTION("that is to be accepted") {
        scene.stays_present(std::chrono::seconds(30));
        scene.time.step(day);
        scene.stays_present(std::chrono::seconds(20));
        CHECK(scene.row().work_state == WorkState::kAssigned);
    }
    SECTION("that is prepared") {
        scene.says(StatusKind::kAccepted);
        scene.clock_loop.pass();
        scene.time.step(day);
        scene.clock_loop.pass();
        CHECK(scene.row().work_state == WorkState::kAccepted);
    }
    SECTION("that runs") {
        scene.says(StatusKind::kAccepted);
        scene.says(StatusKind::kRunning);
        scene.clock_loop.pass();
        scene.time.step(day);
        scene.clock_loop.pass();
        CHECK(scene.row().work_state == WorkState::kRunning);
        CHECK(scene.says(StatusKind::kCompleted) == StatusOutcome::kApplied);
    }
    CHECK(scene.row().attempt == 1);
}
