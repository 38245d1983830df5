// Tests of the deadlines of an attempt, with a fake clock.
#include "services/job-dispatcher/dispatch/timeout_loop.hpp"

#include "services/job-dispatcher/bus/statuses.hpp"
#include "services/job-dispatcher/jobs/job_write.hpp"
#include "services/job-dispatcher/jobs/status_store.hpp"
#include "services/job-dispatcher/testing/projection_world.hpp"

using namespace lamda;
using namespace lamda::dispatch;
using wire::StatusKind;
using wire::WorkState;

namespace {

constexpr std::uint32_t kTimeLimit = 100;  // seconds

/// One job, whose first attempt is in the outbox.
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
            write.spec = stored_spec = spec;
            write.add(evaluate(*write.before, {spec, ""}, true, policy, time.now()));
            REQUIRE(write.send_attempt);
            std::vector<JobWrite> writes{write};
            write_jobs(txn, writes, policy.chain_id, time.now());
        });
    }

    /// As the relay does after JetStream has acknowledged the messages.
    void drain_outbox() {
        database.transact([](store::Txn& txn) { txn.exec("DELETE FROM bus.outbox"); });
    }
    void store_spec() {
        database.transact([&](store::Txn& txn) {
            const auto text = wire::canonical_json(stored_spec);
            const auto spec_id = wire::job_id_of(stored_spec);
            txn.exec("INSERT INTO dispatch.spec (id, spec) VALUES ($1, $2)", {spec_id, as_bytes(text)});
            txn.exec(
                "INSERT INTO dispatch.attached_spec (job_id, spec_id, spec_cid, signature) "
                "VALUES ($1, $2, '', '')",
                {id, spec_id});
        });
    }
    /// Sends heartbeats with free capacity, and no status.
    void stay_present(Millis duration) {
        for (auto left = duration; left > Millis(0); left -= Millis(5'000)) {
            timeout_loop.pass();
            wire::Heartbeat heartbeat;
            heartbeat.provider = provider;
            heartbeat.capacity = 1;
            heartbeat.seq = ++beats;
            presence.heartbeat(heartbeat, time.steady());
            time.advance(Millis(5'000));
        }
    }

    StatusOutcome send_status(StatusKind kind) {
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
    std::int64_t count(const std::string& from_where) {
        return database.transact([&](store::Txn& txn) {
            return txn.one("SELECT count(*) AS n FROM " + from_where).get<std::int64_t>("n");
        });
    }
    JobRow row() {
        return database.transact([&](store::Txn& txn) { return lock_jobs(txn, {id}).at(id); });
    }
    /// Sends the status every ten minutes for `duration`.
    void repeat_status(StatusKind kind, Millis duration) {
        for (auto left = duration; left > Millis(0);) {
            const auto step = std::min(left, Millis(600'000));
            time.advance(step);
            left -= step;
            send_status(kind);
            timeout_loop.pass();
        }
    }

    JobId id = testing::job_id(0);
    Address provider;
    wire::JobSpec stored_spec;
    std::uint32_t seq = 0;
    std::uint64_t beats = 0;
    bool statuses_are_read = true;
    FakeClock time{from_unix_seconds(1'790'000'000)};
    PresenceClock presence;
    telemetry::Metrics metrics;
    telemetry::Health health;
    TimeoutLoop timeout_loop{database,
                             {},
                             deployment,
                             progress,
                             presence,
                             [this] { return statuses_are_read; },
                             {time, telemetry::Log::none(), metrics, health}};
};

}  // namespace

TEST_CASE("An attempt that repeats `accepted` and never starts ends after six hours") {
    Scene scene;
    scene.send_status(StatusKind::kAccepted);
    scene.timeout_loop.pass();
    scene.repeat_status(StatusKind::kAccepted, std::chrono::hours(6));
    CHECK(scene.row().work_state == WorkState::kAccepted);
    scene.time.advance(Millis(1));
    SECTION("not while statuses are unread: a `running` may be among them") {
        scene.statuses_are_read = false;
        scene.timeout_loop.pass();
        CHECK(scene.row().work_state == WorkState::kAccepted);
        scene.statuses_are_read = true;
        CHECK(scene.send_status(StatusKind::kRunning) == StatusOutcome::kApplied);
        scene.timeout_loop.pass();
        CHECK(scene.row().work_state == WorkState::kRunning);
    }
    SECTION("with the reason") {
        scene.timeout_loop.pass();
        CHECK(scene.row().work_state == WorkState::kFailed);
        CHECK(scene.row().error_message == "accepted, but not started in time");
    }
}

TEST_CASE("A running attempt ends half an hour after its time limit, for any time of preparation") {
    Scene scene;
    scene.send_status(StatusKind::kAccepted);
    scene.timeout_loop.pass();
    scene.repeat_status(StatusKind::kAccepted, std::chrono::hours(5));
    scene.send_status(StatusKind::kRunning);
    scene.timeout_loop.pass();
    scene.repeat_status(StatusKind::kRunning, std::chrono::seconds(kTimeLimit) + std::chrono::minutes(30));
    CHECK(scene.row().work_state == WorkState::kRunning);
    scene.time.advance(Millis(1));
    scene.timeout_loop.pass();
    CHECK(scene.row().work_state == WorkState::kFailed);
    CHECK(scene.row().error_message == "still running after its time limit");
}

TEST_CASE("A process whose stream has not caught up ends no attempt") {
    Scene scene;
    scene.send_status(StatusKind::kAccepted);
    scene.timeout_loop.pass();
    scene.progress.set(false);
    scene.time.advance(std::chrono::hours(7));
    scene.timeout_loop.pass();
    CHECK(scene.row().work_state == WorkState::kAccepted);
    scene.progress.set(true);
    scene.timeout_loop.pass();
    CHECK(scene.row().work_state == WorkState::kFailed);
}

TEST_CASE(
    "The time to accept an attempt starts when its assignment is sent, not when it is put into the outbox") {
    Scene scene;
    scene.stay_present(std::chrono::minutes(30));
    CHECK(scene.row().work_state == WorkState::kAssigned);
    CHECK(scene.row().attempt == 1);
    scene.drain_outbox();
    scene.stay_present(std::chrono::seconds(60));
    CHECK(scene.row().work_state == WorkState::kAssigned);
    scene.stay_present(std::chrono::seconds(20));
    CHECK(scene.row().work_state != WorkState::kAssigned);
    CHECK(scene.row().error_message == "not accepted within 1m by a provider with free capacity");
}

TEST_CASE("A wall clock that steps a day forward or back, here or at the database, ends no attempt") {
    const auto day = std::chrono::hours(24) * GENERATE(1, -1);
    Scene scene;
    scene.drain_outbox();
    SECTION("waiting for acceptance") {
        scene.stay_present(std::chrono::seconds(30));
        scene.time.step(day);
        scene.stay_present(std::chrono::seconds(20));
        CHECK(scene.row().work_state == WorkState::kAssigned);
    }
    SECTION("in preparation") {
        scene.send_status(StatusKind::kAccepted);
        scene.timeout_loop.pass();
        scene.time.step(day);
        scene.timeout_loop.pass();
        CHECK(scene.row().work_state == WorkState::kAccepted);
    }
    SECTION("running") {
        scene.send_status(StatusKind::kAccepted);
        scene.send_status(StatusKind::kRunning);
        scene.timeout_loop.pass();
        scene.time.step(day);
        scene.timeout_loop.pass();
        CHECK(scene.row().work_state == WorkState::kRunning);
        CHECK(scene.send_status(StatusKind::kCompleted) == StatusOutcome::kApplied);
    }
    CHECK(scene.row().attempt == 1);
}

TEST_CASE("An assignment without any effect is sent again twice before its time to accept is over") {
    Scene scene;
    scene.store_spec();
    scene.drain_outbox();
    std::vector<int> sent_after;  // seconds
    for (int seconds = 5; seconds <= 60; seconds += 5) {
        scene.stay_present(std::chrono::seconds(5));
        if (scene.count("bus.outbox WHERE subject LIKE 'jobs.dispatch.%'") > 0) {
            sent_after.push_back(seconds);
            scene.drain_outbox();
        }
    }
    CHECK(sent_after == std::vector<int>{30, 50});
    CHECK(scene.row().attempt == 1);
}

TEST_CASE("A retraction is sent again, at growing pauses, until the agent reports the end of the attempt") {
    Scene scene;
    scene.send_status(StatusKind::kAccepted);
    scene.database.transact([&](store::Txn& txn) {
        JobWrite write;
        write.before = lock_jobs(txn, {scene.id}).at(scene.id);
        write.add(on_set_status(*write.before, "cancelled", "", scene.time.now()).value());
        std::vector<JobWrite> writes{write};
        write_jobs(txn, writes, ChainId{97}, scene.time.now());
        txn.exec(
            "INSERT INTO registry.node (provider, gpu_model, vram, is_registered, last_seen, job_count, "
            "created_at, updated_at) VALUES ($1, '', 0, true, now(), 0, now(), now())",
            {scene.provider});
    });
    scene.drain_outbox();
    const auto make_due = [&] {
        scene.database.transact([](store::Txn& txn) {
            // The scene's clock is far behind the database's.
            txn.exec(
                "UPDATE dispatch.assignment SET created_at = now(), retract_due_at = now() "
                "WHERE retract_due_at IS NOT NULL");
        });
    };
    const auto sent = [&] { return scene.count("bus.outbox WHERE subject LIKE 'jobs.retract.%'"); };
    scene.timeout_loop.pass();
    CHECK(sent() == 0);
    make_due();
    scene.timeout_loop.pass();
    CHECK(sent() == 1);
    scene.timeout_loop.pass();
    CHECK(sent() == 1);
    // A status of the void attempt: its agent has not received the retraction.
    scene.send_status(StatusKind::kRunning);
    scene.timeout_loop.pass();
    CHECK(sent() == 2);
    CHECK(scene.count("dispatch.assignment WHERE retract_due_at > now() + interval '50 s'") == 1);
    make_due();
    scene.send_status(StatusKind::kFailed);
    scene.timeout_loop.pass();
    CHECK(sent() == 2);
    CHECK(scene.count("dispatch.assignment WHERE retract_due_at IS NOT NULL") == 0);
    CHECK(scene.row().work_state == WorkState::kCancelled);
}

TEST_CASE("statuses whose job did not appear in time become dead letters, some at a time") {
    Scene scene;
    const auto left = [&](store::Txn& txn) {
        return txn.one("SELECT count(*) AS n FROM dispatch.early_status").get<int>("n");
    };
    scene.database.transact([&](store::Txn& txn) {
        for (int seq = 1; seq <= 4; ++seq) {
            txn.exec(
                "INSERT INTO dispatch.early_status (job_id, provider, attempt, seq, recovering, body, "
                "received_at) VALUES (sha256('a job'), substr(sha256('p'), 1, 20), 1, $1::int, false, "
                "'status ' "
                "|| $1::int, "
                "now() - make_interval(hours => 30 - 10 * ($1::int / 4)))",
                {seq});
        }
        delete_early_statuses(txn, SystemClock().now() - std::chrono::hours(24), 2);
        CHECK(left(txn) == 2);
        delete_early_statuses(txn, SystemClock().now() - std::chrono::hours(24), 2);
        CHECK(left(txn) == 1);
        const auto letters = txn.exec(
            "SELECT subject, convert_from(body, 'UTF8') AS body, reason FROM bus.dead_letter ORDER BY body");
        std::vector<std::string> bodies;
        for (const auto row : letters) {
            bodies.push_back(row.get<std::string>("body"));
            CHECK(row.get<std::string>("subject").starts_with("jobs.status.0x"));
            CHECK_THAT(row.get<std::string>("reason"), Catch::Matchers::Contains("its job was not created"));
        }
        CHECK(bodies == std::vector<std::string>{"status 1", "status 2", "status 3"});
    });
}

TEST_CASE("A waiting job has one entry when its provider drains, and one when it is back") {
    Scene scene;
    const auto publish = [&](const char* notice) {
        scene.database.transact([&](store::Txn& txn) {
            txn.exec(
                "INSERT INTO registry.presence AS p (provider, last_heartbeat_at, agent_version, capacity, "
                "running, notice) VALUES ($1, now(), 'test', 0, 0, $2::jsonb) "
                "ON CONFLICT (provider) DO UPDATE SET notice = excluded.notice",
                {scene.provider, notice});
        });
    };
    const auto told = [&] {
        scene.timeout_loop.note_draining();
        return std::pair(scene.count("dispatch.job_event WHERE kind = 'provider_draining'"),
                         scene.count("dispatch.job_event WHERE kind = 'provider_back'"));
    };
    using Told = std::pair<std::int64_t, std::int64_t>;
    CHECK(told() == Told{0, 0});
    publish(R"({"draining":false})");
    CHECK(told() == Told{0, 0});
    publish(R"({"draining":true})");
    scene.progress.set(false);
    CHECK(told() == Told{0, 0});
    scene.progress.set(true);
    CHECK(told() == Told{1, 0});
    const auto before = scene.row();
    CHECK(told() == Told{1, 0});
    CHECK(scene.row() == before);
    SECTION("back, by a notice") {
        publish(R"({"draining":false})");
        CHECK(told() == Told{1, 1});
        CHECK(told() == Told{1, 1});
        publish(R"({"draining":true})");
        CHECK(told() == Told{2, 1});
        CHECK(scene.count("bus.outbox WHERE subject LIKE 'events.job.%'") >= 3);
    }
    SECTION("back, by an agent that publishes no notice") {
        scene.database.transact(
            [](store::Txn& txn) { txn.exec("UPDATE registry.presence SET notice = NULL"); });
        CHECK(told() == Told{1, 1});
    }
    SECTION("a job that was accepted gets no further entry") {
        scene.send_status(StatusKind::kAccepted);
        publish(R"({"draining":false})");
        CHECK(told() == Told{1, 0});
        CHECK_FALSE(scene.row().provider_draining());
    }
}
