// Isolation of providers: floods of statuses, and registrations without an agent, do not affect jobs of other
// providers.
#include "integration/market_fixture.hpp"
#include "net/http_client.hpp"
#include "outbox/dead_letter.hpp"
#include "services/job-dispatcher/jobs/status_decision.hpp"

using namespace lamda;
using namespace lamda::integration;
using wire::StatusKind;

namespace {

/// Times that a provider sends its statuses.
constexpr int kSent = 8;

struct Market : MarketFixture {
    std::unique_ptr<crypto::LocalSigner> hostile = signer(3);
    net::HttpClient http;
    const int metrics_port = testkit::free_port();

    Market() : MarketFixture("hostile_provider") {
        register_node(provider());
        register_node(*hostile);
        start("node-registry");
        start("job-dispatcher", {{"METRICS_PORT", std::to_string(metrics_port)}});
        REQUIRE(testkit::wait_until([&] { return count("registry.node WHERE is_registered") == 2; }));
    }

    /// Number of statuses with this outcome, as the dispatcher's metrics show it.
    double outcomes(const std::string& outcome) {
        net::HttpRequest request;
        request.url = "http://127.0.0.1:" + std::to_string(metrics_port) + "/metrics";
        request.timeout = testkit::kCallTimeout;
        const auto shown = http.send(request).body;
        const auto name = "lamda_dispatch_statuses_total{outcome=\"" + outcome + "\"} ";
        const auto at = shown.find(name);
        return at == std::string::npos ? 0 : std::stod(shown.substr(at + name.size()));
    }
    std::string signed_status_of_hostile(const JobId& id, std::uint32_t seq, std::uint32_t attempt = 1) {
        auto out = status(id, StatusKind::kRunning, attempt, seq);
        out.provider = hostile->address();
        return wire::to_json(wire::sign_status(out, domain(), *hostile));
    }
    /// Publishes without waiting for the stream, at the highest rate.
    void flood(const std::string& body) { bus().publish(wire::status_subject(hostile->address()), body); }
    void require_next_job_completes(std::uint8_t salt) {
        const JobId id = order(salt);
        wait_status(id, "assigned");
        CHECK(take_assignment().job_id == id);
        // As an agent does: the bus may lose a status in a flood, and it is sent again.
        const auto completed = [&] { return job_column(id, "status") == "completed"; };
        for (int i = 0; i < kSent && !completed(); ++i) {
            publish(status(id, StatusKind::kAccepted, 1, 1));
            publish(status(id, StatusKind::kCompleted, 1, 2));
            testkit::wait_until(completed, Millis(15'000));
        }
        REQUIRE(completed());
    }
    bool has_durable(const crypto::Signer& node) {
        try {
            bus().consume(wire::kJobsStream, wire::durable_of(node.address())).fetch(1, Millis(1));
            return true;
        } catch (const bus::Unavailable&) {
            return false;
        }
    }
};

}  // namespace

TEST_CASE("A provider that floods its own subject uses its own share of the stream only") {
    Market market;
    market.require_next_job_completes(1);
    SECTION("with repetitions of one status") {
        const auto body = market.signed_status_of_hostile(JobId{}, 1);
        for (int i = 0; i < 5'000; ++i) {
            market.flood(body);
        }
        market.require_next_job_completes(2);
        CHECK(market.count("dispatch.early_status") == 1);
    }
    SECTION("with statuses of unknown jobs") {
        for (std::uint32_t i = 0; i < 600; ++i) {
            JobId id;
            id.array()[0] = static_cast<std::uint8_t>(i);
            id.array()[1] = static_cast<std::uint8_t>(i >> 8);
            market.flood(market.signed_status_of_hostile(id, 1));
        }
        market.require_next_job_completes(2);
        CHECK(market.count("dispatch.early_status") == 200);
    }
    SECTION("with malformed statuses") {
        for (int i = 0; i < 600; ++i) {
            market.flood("{\"v\":" + std::to_string(i));
        }
        market.require_next_job_completes(2);
        CHECK(market.count("bus.dead_letter") == outbox::kMostOfSubject);
    }
    SECTION("with valid statuses that change nothing, of a job of its own") {
        const JobId own = market.assigned_job_of(market.hostile->address(), 3);
        for (std::uint32_t seq = 1; seq <= 1'200; ++seq) {
            market.flood(market.signed_status_of_hostile(own, seq, 9));
        }
        market.require_next_job_completes(2);
        CHECK(testkit::wait_until([&] { return market.outcomes("unrecorded") > 500; }));
        CHECK(market.count("dispatch.job_event WHERE refused_reason = 'this attempt was never sent'") ==
              static_cast<std::int64_t>(dispatch::kMostRefused));
        CHECK(market.job_column(own, "status") == "assigned");
    }
    SECTION("with valid progress of a job of its own") {
        const JobId own = market.assigned_job_of(market.hostile->address(), 3);
        for (std::uint32_t seq = 1; seq <= 1'200; ++seq) {
            market.flood(market.signed_status_of_hostile(own, seq));
        }
        market.require_next_job_completes(2);
        CHECK(testkit::wait_until([&] { return market.outcomes("unchanged") > 1'000; }));
        CHECK(market.job_column(own, "status") == "running");
        CHECK(market.count("dispatch.job_event WHERE attempt = 1 AND seq IS NOT NULL AND job_id = '\\x" +
                           own.hex().substr(2) + "'") == 1);
    }
    SECTION("with more statuses than the bus may hold back for others") {
        int number = 0;
        REQUIRE(testkit::wait_until([&] {
            for (int i = 0; i < 5'000; ++i) {
                market.flood("{\"v\":" + std::to_string(++number));
            }
            return market.outcomes("dropped") > 0;
        }));
        market.require_next_job_completes(2);
        CHECK(market.count("bus.dead_letter") == outbox::kMostOfSubject);
    }
    SECTION("with messages of half a megabyte, which the stream refuses") {
        const auto before = market.bus().last_sequence(wire::kStatusStream);
        for (int i = 0; i < 20; ++i) {
            market.flood(std::string(500'000, ' '));
        }
        market.require_next_job_completes(2);
        CHECK(market.bus().last_sequence(wire::kStatusStream) == before + 2);
        CHECK(market.count("bus.dead_letter") == 0);
    }
}

TEST_CASE("A registration alone creates nothing on the bus; a heartbeat or a job does") {
    Market market;
    market.require_next_job_completes(1);
    CHECK_FALSE(market.has_durable(*market.hostile));
    REQUIRE(testkit::wait_until([&] {
        market.heartbeat_of(*market.hostile);
        return market.has_durable(*market.hostile);
    }));
}
