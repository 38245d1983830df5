// The registry as a process, with a real database, bus and chain.
#include <fstream>

#include "integration/market_fixture.hpp"
#include "net/http_client.hpp"
#include "testkit/metric_in.hpp"

using namespace lamda;
using namespace lamda::integration;

namespace {

struct Registry : MarketFixture {
    Registry() : MarketFixture("registry", 32) {}
    void start_with_metrics() {
        metrics_port = testkit::free_port();
        start("node-registry", {{"METRICS_PORT", std::to_string(metrics_port)}});
        REQUIRE(testkit::wait_until([&] {
            try {
                return get("/livez").status == 200;
            } catch (const net::TransportError&) {
                return false;
            }
        }));
    }
    net::HttpResponse get(const std::string& path) {
        net::HttpRequest request;
        request.url = "http://127.0.0.1:" + std::to_string(metrics_port) + path;
        request.timeout = testkit::kCallTimeout;
        return http.send(request);
    }
    /// Heartbeats since the registry's start: accepted ones, and refused ones by reason.
    int accepted() { return metric("lamda_registry_heartbeats_total"); }
    int refused(const std::string& reason) {
        return metric("lamda_registry_heartbeats_refused_total{reason=\"" + reason + "\"}");
    }
    int metric(const std::string& name) {
        const auto found = testkit::metric_in(get("/metrics").body, name);
        REQUIRE(found);
        return static_cast<int>(*found);
    }
    json nodes(const json& query = json::object()) { return ask(wire::kNodesQuery, query); }
    bool node_is(const std::string& column, const std::string& wanted) {
        return testkit::wait_until([&] {
            return database().transact([&](store::Txn& txn) {
                const auto row = txn.first("SELECT " + column + "::text AS value FROM api.node");
                return (row ? row->maybe<std::string>("value").value_or("null") : "none") == wanted;
            });
        });
    }

    net::HttpClient http;
    int metrics_port = 0;
};

std::string log_of(const std::string& service, const MarketFixture& market) {
    std::ifstream in(market.dir() + "/" + service + ".log");
    return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

}  // namespace

TEST_CASE("a provider is registered, rated and online") {
    Registry market;
    market.record_market();
    market.register_node(market.provider());
    market.start("node-registry", {{"NODE_OFFLINE_AFTER", "5s"}});
    REQUIRE(market.node_is("is_registered", "true"));
    CHECK(market.node_is("vram", "24576"));
    CHECK(market.node_is("is_online", "true"));  // by its recent registration on chain
    market.count_job(market.provider().address());
    CHECK(market.node_is("reputation_score", "1"));

    const auto answer = market.nodes({{"gpu_model", "RTX"}, {"min_vram", 24'576}});
    REQUIRE(answer.at("count") == 1);
    CHECK(answer.at("nodes")[0].at("wallet_address") ==
          crypto::checksum_address(market.provider().address()));
    CHECK(market.nodes({{"min_vram", 24'577}}).at("count") == 0);
    CHECK(market.nodes({{"is_online", "yes"}}).at("errors")[0].at("pointer") == "/is_online");
    CHECK(market.nodes({{"surprise", 1}}).at("status") == 400);

    // From the first heartbeat on the bus on, heartbeats count.
    REQUIRE(testkit::wait_until([&] {
        market.heartbeat(1);
        return market.count("registry.presence WHERE running = 1") == 1;
    }));
    const auto key = market.database().transact([&](store::Txn& txn) {
        return txn
            .one("SELECT public_key FROM api.node_key WHERE wallet_address = $1",
                 {market.provider().address()})
            .get<Bytes>("public_key");
    });
    CHECK(crypto::address_of_public_key(key).value() == market.provider().address());
    CHECK(market.node_is("is_online", "false"));
    REQUIRE(testkit::wait_until([&] {
        market.heartbeat(0);
        return market.count("api.node WHERE is_online AND running = 0 AND capacity = 1") == 1;
    }));
    CHECK(market.service("node-registry").stop() == 0);
}

TEST_CASE("a heartbeat counts only with the provider's own key, and once") {
    Registry market;
    market.record_market();
    market.register_node(market.provider());
    market.start_with_metrics();
    REQUIRE(market.node_is("is_registered", "true"));
    const auto sign = [&](const wire::Heartbeat& heartbeat) {
        return wire::sign_heartbeat(heartbeat, market.domain(), market.provider());
    };
    const auto own = market.provider().address();
    const auto refused = [&](const std::string& reason, auto send) {
        INFO(reason);
        CHECK(testkit::wait_until([&] {
            send();
            return market.refused(reason) > 0;
        }));
    };
    // All are dropped until the market is known.
    refused("invalid_signature", [&] { market.publish(market.next_heartbeat()); });

    SECTION("forged heartbeats are counted and have no effect") {
        auto wild = market.next_heartbeat();
        wild.seq *= 2;
        refused("too_far_ahead", [&] { market.publish(sign(wild)); });  // all before it are counted
        const auto before = market.refused("invalid_signature");
        const auto by_stranger =
            wire::sign_heartbeat(market.next_heartbeat(), market.domain(), market.renter());
        market.publish(by_stranger);
        for (const auto& other : {wire::market_domain(ChainId{97}, market.job_manager()),
                                  wire::market_domain(ChainId{31337}, market.node_reputation())}) {
            market.publish(wire::sign_heartbeat(market.next_heartbeat(), other, market.provider()));
        }
        auto changed = sign(market.next_heartbeat());
        ++changed.capacity;
        market.publish(changed);
        CHECK(testkit::wait_until([&] { return market.refused("invalid_signature") == before + 4; }));

        refused("malformed", [&] { market.publish_heartbeat(own, "{"); });
        auto strangers_own = market.next_heartbeat();
        strangers_own.provider = market.renter().address();
        strangers_own = wire::sign_heartbeat(strangers_own, market.domain(), market.renter());
        const auto malformed = market.refused("malformed");
        market.publish_heartbeat(own, wire::to_json(strangers_own));
        CHECK(testkit::wait_until([&] { return market.refused("malformed") > malformed; }));
        market.publish(strangers_own);
        CHECK(testkit::wait_until([&] { return market.accepted() == 1; }));  // the other provider's own
        market.publish(sign(market.next_heartbeat(1)));
        CHECK(testkit::wait_until([&] { return market.count("registry.presence WHERE running = 1") == 1; }));
        CHECK(market.accepted() == 2);
        CHECK(market.count("registry.presence") == 1);
        CHECK(market.count("bus.dead_letter") == 0);
    }
    SECTION("a replayed heartbeat is refused, also after a restart of the registry") {
        constexpr std::uint64_t kDay = 86'400'000;
        auto newest = market.next_heartbeat(1);
        SECTION("with a correct clock") {}
        SECTION("with a clock a day ahead") {
            newest.seq += kDay;
        }
        SECTION("with a clock a day behind") {
            newest.seq -= kDay;
        }
        auto older = newest;
        --older.seq;
        older.running = 0;
        const auto seen = [&](const std::string& where) {
            return testkit::wait_until([&] { return market.count("registry.presence WHERE " + where) == 1; });
        };
        market.publish(sign(newest));
        REQUIRE(seen("running = 1"));
        const auto seq = "heartbeat_seq = " + std::to_string(newest.seq);
        CHECK(market.count("registry.presence WHERE " + seq) == 1);
        market.database().transact([](store::Txn& txn) {
            txn.exec("UPDATE registry.presence SET last_heartbeat_at = now() - interval '1 day'");
        });
        refused("replayed", [&] { market.publish(sign(newest)); });
        refused("replayed", [&] { market.publish(sign(older)); });

        market.kill("node-registry");
        market.start_with_metrics();
        // The first ones are compared with the database, the others with memory.
        refused("replayed", [&] {
            market.publish(sign(older));
            market.publish(sign(newest));
        });
        CHECK(market.count("registry.presence WHERE running = 1 AND last_heartbeat_at < now() - interval '1 "
                           "hour' AND " +
                           seq) == 1);

        auto next = newest;
        ++next.seq;
        next.running = 0;
        market.publish(sign(next));
        CHECK(seen("running = 0 AND last_heartbeat_at > now() - interval '1 hour'"));
    }
    CHECK(log_of("node-registry", market).find("heartbeat refused") != std::string::npos);
}

TEST_CASE("a reorg unwinds the orphaned events only") {
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
    "a reorg below finality stops the stream, keeps every row, and is shown in readiness, log and metric") {
    Registry market;
    market.register_node(market.provider());
    market.start_with_metrics();
    market.count_job(market.provider().address());
    market.mine(80);
    REQUIRE(market.node_is("reputation_score", "1"));
    const auto get = [&](const std::string& path) { return market.get(path); };
    REQUIRE(testkit::wait_until([&] {
        return get("/readyz").status == 200 &&
               market.count("chain.cursor WHERE stream = 'registry:opbnb' AND finalized > 20") == 1;
    }));
    const auto events = market.count("registry.node_event");

    market.anvil().call("anvil_reorg", "[84,[]]");
    net::HttpResponse answer;
    CHECK(testkit::wait_until([&] {
        answer = get("/readyz");
        return answer.status == 503 && answer.body.find("which was final") != std::string::npos;
    }));
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
