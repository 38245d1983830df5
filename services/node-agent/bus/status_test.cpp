#include <catch2/catch.hpp>
#include <thread>

#include "services/node-agent/bus/detachable_loop.hpp"
#include "services/node-agent/bus/status_publisher.hpp"
#include "services/node-agent/testing/agent_scene.hpp"
#include "testkit/process.hpp"
#include "wire/documents/receipt.hpp"

using namespace lamda;
using namespace lamda::agent;
using namespace lamda::agent::test;

namespace {

struct Fixture {
    testkit::TempDir dir{"agent-status"};
    FakeClock clock{start_of_time()};
    std::unique_ptr<crypto::LocalSigner> signer =
        crypto::LocalSigner::from_hex("ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80")
            .value();
    StatusWriter statuses{*signer, address(0x11), clock};
    Attempt attempt = [] {
        Attempt fresh;
        fresh.assignment = assignment(1, 3);
        return fresh;
    }();
};

}  // namespace

TEST_CASE("statuses are numbered from 1 and signed for this chain and contract") {
    Fixture f;
    f.statuses.add(f.attempt, wire::StatusKind::kAccepted);
    f.statuses.add(f.attempt, wire::StatusKind::kRunning);
    REQUIRE(f.attempt.outbox.size() == 2);
    for (std::uint32_t i = 0; i < 2; ++i) {
        const auto status = wire::parse_status(f.attempt.outbox[i].json).value();
        CHECK(status.seq == i + 1);
        CHECK(status.attempt == 3);
        CHECK(wire::verify_status(status, wire::market_domain(ChainId{97}, address(0x11))).ok());
        CHECK_FALSE(wire::verify_status(status, wire::market_domain(ChainId{56}, address(0x11))).ok());
    }
}

TEST_CASE("a status is signed for its assignment's chain and contract, not for the current settings") {
    Fixture f;
    f.attempt.assignment.chain_id = ChainId{56};
    f.attempt.assignment.job_manager = address(0x22);
    f.statuses.add(f.attempt, wire::StatusKind::kAccepted);
    const auto status = wire::parse_status(f.attempt.outbox.at(0).json).value();
    CHECK(wire::verify_status(status, wire::market_domain(ChainId{56}, address(0x22))).ok());
}

TEST_CASE("a completed status carries a receipt that is signed on its own") {
    Fixture f;
    StatusDetails details;
    details.output_file_cid = "bafybeibq34xkahn6evm23l6un2fkh3hw56sfac3iklpq5nzhudwd3cftpe";
    details.exit_code = 0;
    details.receipt = wire::Receipt{f.attempt.assignment.job_id,      3,
                                    "sha256:" + std::string(64, 'a'), "",
                                    *details.output_file_cid,         "2026-11-20T10:00:01.000Z",
                                    "2026-11-20T10:00:02.000Z",       0};
    f.statuses.add(f.attempt, wire::StatusKind::kCompleted, details);
    const auto status = wire::parse_status(*f.attempt.final_status).value();
    const auto receipt = wire::receipt_of(status, std::nullopt, ChainId{97}, address(0x11));
    REQUIRE(receipt);
    CHECK(receipt->provider == f.signer->address());
    CHECK(wire::verify_status(status, wire::market_domain(ChainId{97}, address(0x11))));
    f.statuses.add(f.attempt, wire::StatusKind::kFailed);
    CHECK_FALSE(wire::parse_status(*f.attempt.final_status).value().receipt_signature);
}

TEST_CASE("while the bus is unavailable only the newest running status is kept, and seq keeps rising") {
    Fixture f;
    f.statuses.add(f.attempt, wire::StatusKind::kAccepted);
    for (int i = 0; i < 5; ++i) {
        f.statuses.add(f.attempt, wire::StatusKind::kRunning);
    }
    REQUIRE(f.attempt.outbox.size() == 2);
    CHECK(f.attempt.outbox[1].seq == 6);
    CHECK(f.attempt.last_seq == 6);
}

TEST_CASE("an attempt repeats `accepted` until its container starts, then `running`") {
    Fixture f;
    Journal journal(f.dir.path() + "/journal", f.clock, telemetry::Log::none());
    const AttemptKey key{f.attempt.assignment.job_id, f.attempt.assignment.attempt};
    // Jumps of the wall clock have no effect: only the steady clock counts.
    const auto day = std::chrono::hours(24) * GENERATE(0, 1, -1);
    journal.update(key.job, [&](JobRecord& record) {
        f.statuses.add(f.attempt, wire::StatusKind::kAccepted);
        record.attempts.emplace(key.attempt, f.attempt);
    });
    ProgressLoop progress(journal, f.statuses, f.clock);
    const std::jthread loop([&](const std::stop_token& stop) { progress.run(stop); });
    const auto waits = [&](std::vector<std::uint32_t> seqs) {
        return testkit::wait_until([&] {
            std::vector<std::uint32_t> found;
            const auto attempt = journal.find(key);
            for (const auto& one : attempt.value().outbox) {
                found.push_back(one.seq);
            }
            return found == seqs;
        });
    };
    const auto ten_seconds_pass = [&] {
        f.clock.step(day);
        f.clock.advance(Millis(10'000));
    };
    // An attempt of an earlier process is due at once. The first `accepted` stays: it begins the attempt.
    REQUIRE(waits({1, 2}));
    ten_seconds_pass();
    REQUIRE(waits({1, 3}));
    journal.update(key, [](Attempt& attempt) { attempt.phase = Phase::kStarted; });
    ten_seconds_pass();
    REQUIRE(waits({1, 3, 4}));
    const auto attempt = journal.find(key);
    CHECK(attempt->outbox[1].kind == wire::StatusKind::kAccepted);
    CHECK(attempt->outbox[2].kind == wire::StatusKind::kRunning);
}

TEST_CASE("statuses that wait for over 5 s, by the steady clock, make the agent not ready") {
    Fixture f;
    Journal journal(f.dir.path() + "/journal", f.clock, telemetry::Log::none());
    journal.update(f.attempt.assignment.job_id, [&](JobRecord& record) {
        f.statuses.add(f.attempt, wire::StatusKind::kAccepted);
        record.attempts.emplace(f.attempt.assignment.attempt, f.attempt);
    });
    bus::Bus bus("nats://127.0.0.1:1", "status-test", telemetry::Log::none());
    telemetry::Metrics metrics;
    telemetry::Health health;
    StatusPublisher publisher(journal, bus, address(0xAA),
                              telemetry::Context{f.clock, telemetry::Log::none(), metrics, health});
    const std::jthread loop([&](const std::stop_token& stop) { publisher.run(stop); });
    const auto not_ready = [&] {
        f.clock.advance(Millis(1'000));
        return health.checks().contains("statuses") && !health.ready();
    };
    CHECK(testkit::wait_until(not_ready));
    CHECK(health.checks().at("statuses").detail.starts_with("statuses unsent for "));
}

TEST_CASE("a final status finishes the attempt and is kept as signed") {
    Fixture f;
    StatusDetails details;
    details.error_code = wire::ErrorCode::kExitNonzero;
    details.error_message = std::string(1'023, 'x') + "ää";
    details.exit_code = 3;
    f.statuses.add(f.attempt, wire::StatusKind::kFailed, details);
    CHECK(f.attempt.phase == Phase::kFinished);
    CHECK_FALSE(f.attempt.completed);
    CHECK(f.attempt.final_status == f.attempt.outbox.back().json);
    const auto status = wire::parse_status(*f.attempt.final_status).value();
    CHECK(status.error_message == std::string(1'023, 'x'));  // 1,024 bytes would end inside a character
    CHECK(status.exit_code == 3);
}

TEST_CASE("a loop that blocks is detached when stopped; an exception of a loop is rethrown") {
    DetachableLoops loops;
    std::stop_source source;
    // Shared with the detached thread, which may continue after this test.
    const auto release = std::make_shared<std::atomic<bool>>(false);
    const auto hang = loops.wrap([release](const std::stop_token&) { release->wait(false); }, Millis(10));
    source.request_stop();
    hang(source.get_token());
    CHECK(loops.detached_any());
    *release = true;
    release->notify_all();

    DetachableLoops others;
    const auto fail = others.wrap([](const std::stop_token&) { throw std::runtime_error("no engine"); });
    CHECK_THROWS_WITH(fail(std::stop_source().get_token()), "no engine");
    CHECK_FALSE(others.detached_any());
}
