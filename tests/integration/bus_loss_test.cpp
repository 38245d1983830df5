// Deleted streams and durables, with a real server. The test acts as the agent.
#include <csignal>

#include "integration/bus_loss_fixture.hpp"

using namespace lamda;
using namespace lamda::integration;
using wire::StatusKind;

TEST_CASE("a deleted stream is created again, with its assignments") {
    BusLoss market("bus_loss");
    const JobId held = market.order(1);
    market.wait_status(held, "assigned");
    REQUIRE(testkit::wait_until([&] { return market.bus().last_sequence(wire::kJobsStream) == 1; }));
    market.jetstream("STREAM.DELETE.JOBS");
    const JobId later = market.order(2);
    market.require_durables();

    std::set<JobId> taken;
    while (taken.size() < 2) {
        const auto assignment = market.take_assignment();
        CHECK(assignment.attempt == 1);
        taken.insert(assignment.job_id);
    }
    CHECK(taken == std::set<JobId>{held, later});
    market.run_to_completion(held);
    market.run_to_completion(later);
    market.require_ready();
    CHECK(testkit::wait_until(
        [&] { return market.metric(R"(lamda_bus_lost_total{stream="JOBS",what="stream"})") == 1; }));
}

TEST_CASE("readiness names a missing stream that cannot be created, until it exists") {
    BusLoss market("bus_loss");
    market.jetstream("STREAM.DELETE.JOBS");
    // Another stream takes its subjects, so that the server refuses JOBS. The dispatcher may be faster.
    REQUIRE(testkit::wait_until([&] {
        market.bus().request("$JS.API.STREAM.DELETE.JOBS", "", testkit::kCallTimeout);
        const auto answer = market.bus().request(
            "$JS.API.STREAM.CREATE.TAKER",
            json({{"name", "TAKER"}, {"subjects", json::array({"jobs.dispatch.*"})}}).dump(),
            testkit::kCallTimeout);
        return !json::parse(answer).contains("error");
    }));
    net::HttpResponse answer;
    REQUIRE(testkit::wait_until([&] {
        answer = market.readiness();
        return answer.status == 503 && answer.body.find("missing: stream JOBS") != std::string::npos;
    }));
    CHECK_FALSE(json::parse(answer.body).at("checks").at("streams").at("ok").get<bool>());
    market.jetstream("STREAM.DELETE.TAKER");
    market.require_ready();
    market.require_durables();
    const JobId id = market.order(1);
    CHECK(market.take_assignment().job_id == id);
}

TEST_CASE("a deleted durable is created again, and its messages are delivered") {
    BusLoss market("bus_loss");
    const auto durable = wire::durable_of(market.provider().address());
    for (const std::string stream : {wire::kJobsStream, wire::kRetractStream}) {
        market.jetstream("CONSUMER.DELETE." + stream + "." + durable);
    }
    market.require_durables();
    const JobId id = market.order(1);
    CHECK(market.take_assignment().job_id == id);
    market.run_to_completion(id);
}

TEST_CASE("statuses in a STATUS stream that was deleted before it was read are requested again") {
    BusLoss market("bus_loss");
    const JobId id = market.order(1);
    CHECK(market.take_assignment().job_id == id);
    market.service(kDispatcher).signal(SIGSTOP);
    market.publish(market.status(id, StatusKind::kAccepted, 1, 1));
    market.publish(market.status(id, StatusKind::kRunning, 1, 2));
    market.publish(market.status(id, StatusKind::kCompleted, 1, 3));
    market.jetstream("STREAM.DELETE.STATUS");
    market.service(kDispatcher).signal(SIGCONT);
    // The same attempt again: an agent answers it with its recorded final status.
    const auto again = market.take_assignment();
    CHECK(again.job_id == id);
    CHECK(again.attempt == 1);
    market.publish(market.status(id, StatusKind::kCompleted, 1, 3));
    market.wait_status(id, "completed");
}

TEST_CASE("a retraction is sent again after RETRACT was deleted") {
    BusLoss market("bus_loss");
    const JobId id = market.order(1);
    CHECK(market.take_assignment().job_id == id);
    market.publish(market.status(id, StatusKind::kAccepted, 1, 1));
    market.wait_job(id, "work_state", "accepted");
    wire::Command command;
    command.request_id = "cancel-1";
    command.what = wire::Command::SetStatus{id, "cancelled", "not wanted any more"};
    market.ask_as_operator(command);
    market.wait_status(id, "cancelled");
    REQUIRE(testkit::wait_until([&] { return market.bus().last_sequence(wire::kRetractStream) == 1; }));
    market.jetstream("STREAM.DELETE.RETRACT");
    market.require_durables();
    const auto retraction = market.take_retraction();
    CHECK(retraction.job_id == id);
    CHECK(retraction.attempt == 1);
    CHECK(retraction.reason == wire::RetractReason::kCancelled);
}

TEST_CASE("a server that restarts with an empty store gets its streams and the open attempts") {
    BusLoss market("bus_loss");
    const JobId id = market.order(1);
    market.wait_status(id, "assigned");
    REQUIRE(testkit::wait_until([&] { return market.bus().last_sequence(wire::kJobsStream) == 1; }));
    market.nats().kill();
    market.nats().erase_store();
    market.nats().start();
    REQUIRE(testkit::wait_until([&] { return market.bus().connected(); }));
    market.require_durables();
    const auto assignment = market.take_assignment();
    CHECK(assignment.job_id == id);
    CHECK(assignment.attempt == 1);
    market.run_to_completion(id);
    market.require_ready();
}

TEST_CASE(
    "the accept timeout of a job that was not sent does not run; readiness shows its age and the "
    "reason") {
    BusLoss market("bus_loss");
    market.kill(kDispatcher);
    market.start_dispatcher({{"ACCEPT_TIMEOUT", "1s"}});
    market.require_ready();
    // A full stream: one message for another provider, and a limit of one.
    auto config = market.jetstream("STREAM.INFO.JOBS").at("config");
    config["max_msgs"] = 1;
    market.jetstream("STREAM.UPDATE.JOBS", config);
    const auto other = wire::dispatch_subject(market.renter().address());
    REQUIRE(market.bus().publish_durable({{other, "", "{}"}}, testkit::kCallTimeout).stored ==
            std::vector<bool>{true});

    const JobId id = market.order(1);
    market.wait_status(id, "assigned");
    net::HttpResponse answer;
    std::string detail;
    REQUIRE(testkit::wait_until(
        [&] {
            market.heartbeat();
            answer = market.readiness();
            const auto checks = json::parse(answer.body, nullptr, false).value("checks", json::object());
            detail = checks.value("outbox", json::object()).value("detail", "");
            int seconds = 0;
            return std::sscanf(detail.c_str(), "messages wait: %*d, the oldest for %d s", &seconds) == 1 &&
                   seconds >= 8;
        },
        Millis(60'000)));
    CHECK(answer.status == 503);
    INFO(detail);
    CHECK(detail.find("maximum messages exceeded") != std::string::npos);
    CHECK(market.metric(R"(lamda_outbox_oldest_seconds{owner="dispatcher"})") >= 5);
    CHECK(market.job_column(id, "status") == "assigned");
    CHECK(market.job_column(id, "attempt") == "1");

    config["max_msgs"] = -1;
    market.jetstream("STREAM.UPDATE.JOBS", config);
    market.require_ready();
    // It was sent: now the timeout runs.
    REQUIRE(testkit::wait_until(
        [&] {
            market.heartbeat();
            return market.job_column(id, "attempt") == "2";
        },
        Millis(60'000)));
    CHECK(market.job_column(id, "error_message").find("not accepted within 1s") == 0);
}
