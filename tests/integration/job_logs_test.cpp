// Container logs through bus, dispatcher and gateway: what is kept, and what a flood does to the logs and
// statuses of others.
#include <future>

#include "integration/market_fixture.hpp"
#include "net/http_client.hpp"
#include "testkit/process.hpp"

using namespace lamda;
using namespace lamda::integration;
using wire::StatusKind;

namespace {

struct Market : MarketFixture {
    std::unique_ptr<crypto::LocalSigner> hostile = signer(3);
    net::HttpClient http;
    const int api_port = testkit::free_port();

    Market() : MarketFixture("job_logs") {
        register_node(provider());
        register_node(*hostile);
        start("node-registry");
        start("job-dispatcher");
        start("api-gateway", {{"API_PORT", std::to_string(api_port)}});
        REQUIRE(testkit::wait_until([&] { return count("registry.node WHERE is_registered") == 2; }));
    }

    JobId assigned_job(std::uint8_t salt) { return assigned_job_of(provider().address(), salt); }
    static wire::LogChunk chunk(const JobId& id, std::uint64_t seq, std::string data,
                                std::uint32_t attempt = 1) {
        return {id, attempt, seq, "stdout", SystemClock().now(), std::move(data)};
    }
    /// Publishes without waiting for the stream, as agents do.
    void log(const crypto::Signer& by, const wire::LogChunk& chunk) {
        bus().publish(wire::logs_subject(by.address(), chunk.job_id), wire::to_json(chunk));
    }
    json logs_of(const JobId& id, const std::string& query = "") {
        net::HttpRequest request;
        request.url =
            "http://127.0.0.1:" + std::to_string(api_port) + "/api/jobs/" + id.hex() + "/logs" + query;
        request.timeout = testkit::kCallTimeout;
        try {
            return json::parse(http.send(request).body).value("items", json::array());
        } catch (const net::TransportError&) {
            return json::array();  // not started yet
        }
    }
    testkit::Finished lamda(std::vector<std::string> arguments) {
        testkit::ProcessSpec spec;
        spec.argv = {testkit::binary_dir() + "/bin/lamda"};
        spec.argv.insert(spec.argv.end(), arguments.begin(), arguments.end());
        spec.env = {{"LAMDA_API_URL", "http://127.0.0.1:" + std::to_string(api_port)}};
        spec.cwd = dir();
        return testkit::run(spec);
    }
    void wait_output(const JobId& id, const std::string& wanted) {
        std::string output;
        const bool reached = testkit::wait_until([&] {
            output.clear();
            for (const auto& item : logs_of(id)) {
                output += item["data"].get<std::string>();
            }
            return output == wanted;
        });
        INFO("output: " << output.substr(0, 200));
        REQUIRE(reached);
    }
};

}  // namespace

TEST_CASE("logs are kept once for each attempt and number, only from the provider that has the attempt") {
    Market market;
    const JobId id = market.assigned_job(1);
    const JobId other = market.assigned_job_of(market.hostile->address(), 2);
    market.log(market.provider(), Market::chunk(id, 1, "one\n"));
    market.log(market.provider(), Market::chunk(id, 1, "one again\n"));
    market.log(*market.hostile, Market::chunk(id, 2, "a foreign provider\n"));
    market.log(market.provider(), Market::chunk(other, 1, "a foreign job\n"));
    market.log(market.provider(), Market::chunk(JobId{}, 1, "an unknown job\n"));
    market.log(market.provider(), Market::chunk(id, 1, "an attempt that was never sent\n", 2));
    market.bus().publish(wire::logs_subject(market.provider().address(), id), "{");
    market.log(market.provider(), Market::chunk(id, 3, "three\n"));
    market.wait_output(id, "one\nthree\n");
    CHECK(market.count("dispatch.job_log") == 2);
    CHECK(market.count("bus.dead_letter") == 0);

    INFO("another instance continues after the first one is killed");
    market.kill("job-dispatcher");
    market.log(market.provider(), Market::chunk(id, 4, "four\n"));
    market.start("job-dispatcher");
    market.wait_output(id, "one\nthree\nfour\n");
}

TEST_CASE("`lamda job logs -f` prints the output until the job ends, `lamda job events` every reason") {
    Market market;
    const JobId id = market.assigned_job(1);
    market.log(market.provider(), Market::chunk(id, 1, "one\n"));
    market.wait_output(id, "one\n");
    auto following =
        std::async(std::launch::async, [&] { return market.lamda({"job", "logs", "-f", id.hex()}); });
    market.publish(market.status(id, StatusKind::kAccepted, 1, 1));
    auto error = Market::chunk(id, 2, "two\n");
    error.stream = "stderr";
    market.log(market.provider(), error);
    market.wait_output(id, "one\ntwo\n");
    market.publish(market.status(id, StatusKind::kCompleted, 1, 2));
    const auto followed = following.get();
    INFO(followed.output);
    CHECK(followed.status == 0);
    CHECK(followed.output.find("one\n") != std::string::npos);
    CHECK(followed.output.find("two\n") != std::string::npos);

    const auto errors = market.lamda({"job", "logs", id.hex(), "--stream", "stderr", "--json"});
    CHECK(errors.status == 0);
    CHECK(json::parse(errors.output).at("data") == "two\n");
    const auto table = market.lamda({"job", "events", id.hex()});
    INFO(table.output);
    CHECK(table.status == 0);
    CHECK(table.output.find("accepted → completed") != std::string::npos);
    const auto events = json::parse(market.lamda({"--json", "job", "events", id.hex()}).output);
    REQUIRE(events.size() == 4);
    CHECK(events[0].at("kind") == "created");
    CHECK(events[0].at("block").is_number());
    CHECK(events[3].at("work_state") == "completed");
    CHECK(market.lamda({"job", "logs", JobId().hex()}).status == 1);
    CHECK(market.lamda({"job", "events", "12"}).status == 2);
}

TEST_CASE("a flood of logs is bounded, and delays neither statuses nor the logs of others") {
    Market market;
    const JobId id = market.assigned_job(1);
    const JobId flooded = market.assigned_job_of(market.hostile->address(), 2);
    // Large chunks first: they reach the attempt's limit within the provider's share.
    for (std::uint64_t seq = 1; seq <= 60; ++seq) {
        market.log(*market.hostile, Market::chunk(flooded, seq, std::string(30'000, 'x')));
    }
    market.log(*market.hostile, Market::chunk(flooded, 61, std::string(200'000, 'x')));
    for (std::uint64_t seq = 100; seq < 100'100; ++seq) {
        market.log(*market.hostile, Market::chunk(flooded, seq, "x"));
    }
    market.log(market.provider(), Market::chunk(id, 1, "honest\n"));
    market.publish(market.status(id, StatusKind::kAccepted, 1, 1));
    market.publish(market.status(id, StatusKind::kCompleted, 1, 2));
    market.wait_status(id, "completed");
    market.wait_output(id, "honest\n");
    const auto kept = market.database().transact([&](store::Txn& txn) {
        return txn
            .one("SELECT sum(octet_length(data))::bigint AS n FROM api.job_log WHERE job_id = $1", {flooded})
            .get<std::int64_t>("n");
    });
    CHECK(kept <= (1 << 20));
    CHECK(kept > (1 << 19));
    CHECK(market.count("dispatch.job_log") <= 40);
    REQUIRE(testkit::wait_until([&] { return market.count("api.job_log WHERE stream = 'cut'") == 1; }));
    CHECK(market.count("api.job_log WHERE stream = 'cut' AND cut_bytes >= 60 * 30000 - 1048576") == 1);
}
