// Deleted streams and durables, with a real server. The test acts as the agent.
#include <csignal>

#include "integration/market_fixture.hpp"
#include "net/http_client.hpp"
#include "testkit/metric_in.hpp"

using namespace lamda;
using namespace lamda::integration;
using wire::StatusKind;

namespace {

constexpr auto kDispatcher = "job-dispatcher";

struct BusLoss : MarketFixture {
    BusLoss() : MarketFixture("bus_loss") {
        register_node(provider());
        start("node-registry");
        start_dispatcher();
        REQUIRE(testkit::wait_until([&] { return readiness().status == 200; }));
        require_durables();
    }
    /// Durables of the provider, in both streams.
    void require_durables() {
        const auto durable = wire::durable_of(provider().address());
        REQUIRE(testkit::wait_until([&] {
            heartbeat();  // a heartbeat creates the durables
            return bus().durable_names(wire::kJobsStream).contains(durable) &&
                   bus().durable_names(wire::kRetractStream).contains(durable);
        }));
    }
    void start_dispatcher(std::map<std::string, std::string> more = {}) {
        more.emplace("METRICS_PORT", std::to_string(port_));
        start(kDispatcher, std::move(more));
    }
    net::HttpResponse get(const std::string& path) {
        net::HttpRequest request;
        request.url = "http://127.0.0.1:" + std::to_string(port_) + path;
        try {
            return http_.send(request);
        } catch (const net::TransportError&) {
            return {};
        }
    }
    net::HttpResponse readiness() { return get("/readyz"); }
    void require_ready() {
        const bool ready = testkit::wait_until([&] { return readiness().status == 200; });
        INFO(readiness().body);
        REQUIRE(ready);
    }
    json jetstream(const std::string& what, const json& body = json::object()) {
        const auto answer = json::parse(bus().request("$JS.API." + what, body.dump(), testkit::kCallTimeout));
        INFO(answer.dump());
        REQUIRE_FALSE(answer.contains("error"));
        return answer;
    }
    void run_to_completion(const JobId& id) {
        publish(status(id, StatusKind::kAccepted, 1, 1));
        publish(status(id, StatusKind::kRunning, 1, 2));
        publish(status(id, StatusKind::kCompleted, 1, 3));
        wait_status(id, "completed");
    }
    double metric(const std::string& name_and_labels) {
        return testkit::metric_in(get("/metrics").body, name_and_labels).value_or(0);
    }

  private:
    net::HttpClient http_;
    int port_ = testkit::free_port();
};

}  // namespace

TEST_CASE("a deleted stream is created again, with its assignments") {
    BusLoss market;
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
    BusLoss market;
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
    BusLoss market;
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
    BusLoss market;
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
    BusLoss market;
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
    BusLoss market;
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
    BusLoss market;
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
