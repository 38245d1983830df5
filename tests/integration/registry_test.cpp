// The registry as a process, against a real database, bus and chain.
#include <fstream>

#include "integration/market_fixture.hpp"
#include "net/http_client.hpp"

using namespace lamda;
using namespace lamda::integration;

namespace {

struct Registry : MarketFixture {
    Registry() : MarketFixture("registry", 32) {}
    json nodes(const json& query = json::object()) { return ask(wire::kNodesQuery, query); }
    bool node_is(const std::string& column, const std::string& wanted) {
        return testkit::wait_until(
            [&] {
                return database().transact([&](store::Txn& txn) {
                    const auto row = txn.first("SELECT " + column + "::text AS value FROM api.node");
                    return (row ? row->maybe<std::string>("value").value_or("null") : "none") == wanted;
                });
            },
            Millis(20'000));
    }
};

std::string log_of(const std::string& service, const MarketFixture& market) {
    std::ifstream in(market.dir() + "/" + service + ".log");
    return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

}  // namespace

TEST_CASE("a provider is registered, rated and heard of") {
    Registry market;
    market.register_node(market.provider());
    market.start("node-registry", {{"NODE_OFFLINE_AFTER", "1s"}});
    REQUIRE(market.node_is("is_registered", "true"));
    CHECK(market.node_is("vram", "24576"));
    CHECK(market.node_is("is_online", "true"));  // by its registration on chain a moment ago
    market.count_job(market.provider().address());
    CHECK(market.node_is("reputation_score", "1"));

    const auto answer = market.nodes({{"gpu_model", "RTX"}, {"min_vram", 24'576}});
    REQUIRE(answer.at("count") == 1);
    CHECK(answer.at("nodes")[0].at("wallet_address") ==
          crypto::checksum_address(market.provider().address()));
    CHECK(market.nodes({{"min_vram", 24'577}}).at("count") == 0);
    CHECK(market.nodes({{"is_online", "yes"}}).at("errors")[0].at("pointer") == "/is_online");
    CHECK(market.nodes({{"surprise", 1}}).at("status") == 400);

    // From its first heartbeat on the bus on, these count.
    REQUIRE(testkit::wait_until([&] {
        market.heartbeat(1);
        return market.count("registry.presence WHERE running = 1") == 1;
    }));
    CHECK(market.node_is("is_online", "false"));
    REQUIRE(testkit::wait_until([&] {
        market.heartbeat(0);
        return market.count("api.node WHERE is_online AND running = 0 AND capacity = 1") == 1;
    }));
    CHECK(market.service("node-registry").stop() == 0);
}

TEST_CASE("a heartbeat that is malformed or another's is recorded and dropped") {
    Registry market;
    market.register_node(market.provider());
    market.start("node-registry");
    REQUIRE(market.node_is("is_registered", "true"));
    wire::Heartbeat lie{market.renter().address(), SystemClock().now(), "test", 1, 0, ""};
    const auto subject = wire::heartbeat_subject(market.provider().address());
    REQUIRE(testkit::wait_until([&] {
        market.bus().publish(subject, "{");
        market.bus().publish(subject, wire::to_json(lie));
        return market.count("bus.dead_letter WHERE owner = 'registry'") >= 2;
    }));
    CHECK(market.count("registry.presence") == 0);
    CHECK(market.nodes().at("count") == 1);
}

TEST_CASE("a reorg takes back what it orphaned, and nothing else") {
    Registry market;
    market.register_node(market.provider());
    market.start("node-registry");
    market.count_job(market.provider().address());
    REQUIRE(market.node_is("reputation_score", "1"));
    market.count_job(market.provider().address());
    REQUIRE(market.node_is("reputation_score", "2"));
    market.anvil().call("anvil_reorg", "[1,[]]");
    market.mine(2);
    CHECK(market.node_is("reputation_score", "1"));
    CHECK(market.count("registry.node_event WHERE orphaned") == 1);
    market.anvil().call("anvil_reorg", "[9,[]]");
    market.mine(2);
    CHECK(market.node_is("is_registered", "none"));
    CHECK(market.count("registry.node") == 0);
}

TEST_CASE(
    "a reorg below finality stops the stream, keeps every row, and shows in readiness, log and metric") {
    Registry market;
    market.register_node(market.provider());
    const auto metrics_url = "http://127.0.0.1:" + std::to_string(testkit::free_port());
    market.start("node-registry", {{"METRICS_PORT", metrics_url.substr(metrics_url.rfind(':') + 1)}});
    market.count_job(market.provider().address());
    market.mine(80);
    REQUIRE(market.node_is("reputation_score", "1"));
    net::HttpClient http;
    const auto get = [&](const std::string& path) {
        net::HttpRequest request;
        request.url = metrics_url + path;
        return http.send(request);
    };
    REQUIRE(testkit::wait_until(
        [&] {
            return get("/readyz").status == 200 &&
                   market.count("chain.cursor WHERE stream = 'registry:opbnb' AND finalized > 20") == 1;
        },
        Millis(20'000)));
    const auto events = market.count("registry.node_event");

    market.anvil().call("anvil_reorg", "[84,[]]");
    net::HttpResponse answer;
    CHECK(testkit::wait_until(
        [&] {
            answer = get("/readyz");
            return answer.status == 503 && answer.body.find("which was final") != std::string::npos;
        },
        Millis(20'000)));
    INFO(answer.body);
    const auto check = json::parse(answer.body).at("checks").at("chain:registry:opbnb");
    CHECK(check.at("ok") == false);
    CHECK(testkit::wait_until(
        [&] {
            return get("/metrics")
                       .body.find("lamda_chain_finality_violations_total{stream=\"registry:opbnb\"} 1") !=
                   std::string::npos;
        },
        Millis(60'000)));
    CHECK(log_of("node-registry", market).find("finality violated") != std::string::npos);
    CHECK(market.count("registry.node_event WHERE NOT orphaned") == events);
    CHECK(market.count("registry.node") == 1);
    CHECK(market.node_is("reputation_score", "1"));
}
