// Tests of a dispatcher that is killed, or whose database, bus or EVM node is lost, and of its recovery.
#include <csignal>

#include "integration/dispatch_fixture.hpp"
#include "testkit/patience.hpp"

using namespace lamda;
using namespace lamda::integration;
using wire::StatusKind;

TEST_CASE("killed at any step and restarted, it sends no attempt twice and loses none") {
    Dispatch market;
    market.start_with_provider();
    std::uint8_t salt = 10;
    std::uint64_t jobs = 0;
    for (const auto* point : {"projector.before_commit", "projector.after_commit", "judge.before_commit",
                              "judge.after_commit", "relay.before_publish", "relay.after_publish"}) {
        INFO("killed at " << point);
        market.kill(kDispatcher);
        const JobId id = market.order(salt++);
        market.start(kDispatcher, {{"LAMDA_CRASH_AT", point}});
        REQUIRE(market.service(kDispatcher).wait(Millis(60'000)) == 128 + SIGKILL);
        market.start(kDispatcher);
        market.wait_status(id, "assigned");
        ++jobs;
        REQUIRE(testkit::wait_until([&] { return market.bus().last_sequence(wire::kJobsStream) == jobs; }));
        const auto assignment = market.take_assignment();
        CHECK(assignment.job_id == id);
        CHECK(assignment.attempt == 1);
        REQUIRE(
            testkit::wait_until([&] { return market.count("bus.outbox WHERE owner = 'dispatcher'") == 0; }));
    }
    CHECK(market.bus().last_sequence(wire::kJobsStream) == jobs);
    CHECK(market.count("dispatch.assignment") == static_cast<std::int64_t>(jobs));
}

TEST_CASE("an empty database gets its jobs back and dispatches none of them again") {
    Dispatch market;
    market.start_with_provider();
    const JobId paid = market.order(80);
    const JobId completed = market.order(81);
    const JobId running = market.order(82);
    for (const auto& id : {paid, completed, running}) {
        market.wait_status(id, "assigned");
    }
    market.run_to_completion(paid, 1);
    market.confirm(paid);
    market.claim(paid);
    market.wait_status(paid, "paid");
    market.run_to_completion(completed, 1);
    market.publish(market.status(running, StatusKind::kAccepted, 1, 1));
    market.publish(market.status(running, StatusKind::kRunning, 1, 2));
    market.wait_status(running, "running");
    REQUIRE(testkit::wait_until([&] { return market.count("bus.outbox") == 0; }));
    REQUIRE(market.bus().last_sequence(wire::kJobsStream) == 3);

    market.kill(kDispatcher);
    market.kill("node-registry");
    market.new_database("rebuilt");
    for (std::uint8_t salt = 80; salt < 83; ++salt) {
        market.put_spec(market.spec(salt));
    }
    market.start("node-registry");
    market.start(kDispatcher);
    market.wait_status(paid, "paid");
    market.wait_status(completed, "completed");
    market.wait_status(running, "running");
    market.wait_job(paid, "output_file_cid", "bafkreih2loemtdsu7nkxy6swbimrhvnzmgtauguukoz5rvhtdqedwx6cea");
    CHECK(market.job_column(running, "attempt") == "1");
    market.publish(market.status(running, StatusKind::kCompleted, 1, 3));
    market.wait_status(running, "completed");

    // A new job is dispatched; no other was sent.
    const JobId fresh = market.order(83);
    market.wait_status(fresh, "assigned");
    REQUIRE(testkit::wait_until([&] { return market.count("bus.outbox") == 0; }));
    CHECK(market.bus().last_sequence(wire::kJobsStream) == 4);
    for (const auto& id : {paid, completed, running, fresh}) {
        market.require_row_is_fold_of_journal(id);
    }
}

TEST_CASE("while the bus, the database or the chain is unavailable it waits, and recovers by itself") {
    Dispatch market;
    market.start_with_provider();
    market.wait_status(market.order(110), "assigned");
    std::uint64_t jobs = 1;
    const auto next_job_leaves = [&](std::uint8_t salt) {
        const JobId id = market.order(salt);
        market.wait_status(id, "assigned");
        ++jobs;
        REQUIRE(testkit::wait_until([&] { return market.bus().last_sequence(wire::kJobsStream) == jobs; }));
        CHECK(market.service(kDispatcher).running());
    };
    SECTION("NATS is killed and starts again") {
        market.nats().kill();
        const JobId meanwhile = market.order(111);
        market.nats().start();
        REQUIRE(testkit::wait_until([&] { return market.bus().connected(); }));
        market.wait_status(meanwhile, "assigned");
        ++jobs;
        next_job_leaves(112);
        market.run_to_completion(meanwhile, 1);
    }
    SECTION("PostgreSQL is killed and starts again") {
        market.postgres().kill();
        market.postgres().start();
        next_job_leaves(113);
    }
    SECTION("the EVM node stops and starts again") {
        market.anvil().stop();
        market.anvil().start();
        next_job_leaves(114);
    }
}

TEST_CASE("statuses sent while the dispatcher was down are read after its restart") {
    Dispatch market;
    const JobId id = market.order(120);
    market.start_with_provider();
    market.wait_status(id, "assigned");
    market.publish(market.status(id, StatusKind::kAccepted, 1, 1));
    market.publish(market.status(id, StatusKind::kRunning, 1, 2));
    market.wait_status(id, "running");
    market.kill(kDispatcher);
    market.publish(market.status(id, StatusKind::kCompleted, 1, 3));
    market.start(kDispatcher);
    market.wait_status(id, "completed");
    CHECK(market.job_column(id, "attempt") == "1");
    CHECK(market.bus().last_sequence(wire::kJobsStream) == 1);
}

TEST_CASE("it ends with 0 within five seconds, also while all dependencies are unavailable") {
    Dispatch market;
    market.start_with_provider({{"IPFS_GATEWAY_URL", "http://127.0.0.1:1"}});
    market.wait_status(market.order(130), "assigned");
    market.nats().kill();
    market.postgres().kill();
    market.anvil().stop();
    const auto begin = std::chrono::steady_clock::now();
    CHECK(market.service(kDispatcher).stop() == 0);
    CHECK(market.service("node-registry").stop() == 0);
    CHECK(std::chrono::steady_clock::now() - begin < std::chrono::seconds(10) * testkit::patience());
}
