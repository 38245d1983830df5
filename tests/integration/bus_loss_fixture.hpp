// A market whose bus loses what it holds: registry, dispatcher, and the state of the bus. The test acts as
// the agent.
#pragma once

#include "integration/market_fixture.hpp"
#include "net/http_client.hpp"
#include "testkit/metric_in.hpp"

namespace lamda::integration {

constexpr auto kDispatcher = "job-dispatcher";

struct BusLoss : MarketFixture {
    explicit BusLoss(const std::string& name) : MarketFixture(name) {
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
        publish(status(id, wire::StatusKind::kAccepted, 1, 1));
        publish(status(id, wire::StatusKind::kRunning, 1, 2));
        publish(status(id, wire::StatusKind::kCompleted, 1, 3));
        wait_status(id, "completed");
    }
    double metric(const std::string& name_and_labels) {
        return testkit::metric_in(get("/metrics").body, name_and_labels).value_or(0);
    }

  private:
    net::HttpClient http_;
    int port_ = testkit::free_port();
};

}  // namespace lamda::integration
