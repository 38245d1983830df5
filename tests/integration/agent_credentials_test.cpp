// A whole market on a bus with logins by key: an agent's --check with only its gateway, and attackers on it.
#include <fstream>

#include "integration/market_fixture.hpp"
#include "natsauth/testing/operator_server.hpp"
#include "net/http_client.hpp"
#include "testkit/memory_dir.hpp"
#include "wire/documents/agent_credentials.hpp"

using namespace lamda;
using namespace lamda::integration;
using natsauth::KeyKind;
using natsauth::Nkey;

namespace {

struct Market : MarketFixture {
    /// @param lifetime of credentials; an agent renews them after two thirds
    explicit Market(const std::string& lifetime) : MarketFixture("credentials", 1) {
        start("node-registry", {{"NATS_URL", keys.url()},
                                {"NATS_CREDS_FILE", file("registry.creds")},
                                {"NATS_ISSUER_FILE", file("issuer.json")},
                                {"NATS_CREDENTIALS_LIFETIME", lifetime}});
        start("job-dispatcher", {{"NATS_URL", keys.url()}, {"NATS_CREDS_FILE", file("dispatcher.creds")}});
        start("api-gateway", {{"NATS_URL", keys.url()},
                              {"NATS_CREDS_FILE", file("gateway.creds")},
                              {"API_PORT", std::to_string(api_port)}});
    }
    std::string file(const std::string& name) const { return (keys.dir() / name).string(); }
    std::string gateway_url() const { return "http://127.0.0.1:" + std::to_string(api_port); }

    testkit::ProcessSpec agent_spec() const {
        return {{testkit::binary_dir() + "/bin/lamda-node-agent"},
                {{"AGENT_PRIVATE_KEY", testkit::dev_key(2)},
                 {"AGENT_STATE_DIR", dir() + "/agent"},
                 {"AGENT_SECRETS_DIR", memory.path},
                 {"GATEWAY_URL", gateway_url()},
                 {"DOCKER_HOST", docker.host()},
                 {"AGENT_LOCAL_IMAGES", "lamda/busybox:1.35"},
                 {"IPFS_API_URL", content.url()},
                 {"IPFS_GATEWAY_URL", content.url()},
                 {"BSC_RPC_URL", rpc_url()},
                 {"OPBNB_RPC_URL", rpc_url()},
                 {"JOB_MANAGER_CONTRACT_ADDRESS", job_manager().hex()},
                 {"NODE_REPUTATION_CONTRACT_ADDRESS", node_reputation().hex()},
                 {"HEARTBEAT_INTERVAL", "0s"},
                 {"LOG_FORMAT", "text"},
                 {"METRICS_PORT", std::to_string(agent_port)}},
                dir(),
                dir() + "/agent.log",
                false};
    }
    std::string rpc_url() const { return const_cast<Market*>(this)->anvil().url(); }
    net::HttpResponse get(const std::string& url) {
        net::HttpRequest request;
        request.url = url;
        request.timeout = testkit::kCallTimeout;
        try {
            return http.send(request);
        } catch (const net::TransportError& error) {
            return {0, {}, error.what()};
        }
    }
    /// One request for credentials over HTTP, as any client sends it.
    json post(const wire::AgentCredentials& message, const crypto::Signature& signature) {
        net::HttpRequest request;
        request.method = "POST";
        request.url = gateway_url() + "/api/agents/credentials";
        request.headers = {{"Content-Type", "application/json"}};
        request.body =
            json{{"message", json::parse(to_json(message))}, {"signature", signature.hex65()}}.dump();
        request.timeout = testkit::kCallTimeout;
        return json::parse(http.send(request).body);
    }
    wire::AgentCredentials challenge(const Address& provider, const std::string& nkey) {
        const auto answer = get(
            gateway_url() + "/api/agents/credentials/challenge?provider=" + provider.hex() + "&nkey=" + nkey);
        INFO(answer.body);
        REQUIRE(answer.status == 200);
        return wire::parse_agent_credentials(json::parse(answer.body)["message"].dump()).value();
    }

    natsauth::testing::OperatorServer keys{dir()};
    testkit::DockerEngine docker{dir() + "/d"};
    testkit::ContentStore content{dir() + "/content"};
    int api_port = testkit::free_port();
    int agent_port = testkit::free_port();
    testkit::MemoryDir memory;
    net::HttpClient http;
};

}  // namespace

TEST_CASE("an agent that knows only its gateway works, across expiries and a revocation") {
    Market market("18s");  // six requests a minute are allowed
    market.register_node(market.provider());
    const auto provider = market.provider().address();
    const auto order = [&](std::uint8_t salt) {
        auto spec = market.spec(salt);
        spec.command = {"sh", "-c", "echo done > /output/result"};
        market.put_spec(spec);
        return market.create_job(spec);
    };
    testkit::Process agent(market.agent_spec());
    const auto log_count = [&](const std::string& text) {
        std::ifstream file(market.dir() + "/agent.log");
        int count = 0;
        for (std::string line; std::getline(file, line);) {
            count += line.find(text) == std::string::npos ? 0 : 1;
        }
        return count;
    };
    const auto ready = [&] {
        return market.get("http://127.0.0.1:" + std::to_string(market.agent_port) + "/readyz");
    };
    market.wait_status(order(1), "completed");
    REQUIRE(testkit::wait_until([&] { return log_count("credentials of the bus received") >= 3; }));
    market.wait_status(order(2), "completed");

    const auto nats = [&](const std::string& verb) {
        testkit::ProcessSpec spec;
        spec.argv = {testkit::binary_dir() + "/bin/lamda", "nats", verb, provider.hex()};
        spec.env = {{"DATABASE_URL", testkit::role_dsn(market.postgres(), "lamda", store::kOperatorRole)}};
        spec.cwd = market.dir();
        return testkit::run(spec);
    };
    const auto revoked = nats("revoke");
    INFO(revoked.output);
    REQUIRE(revoked.status == 0);
    CHECK(testkit::wait_until([&] { return ready().status == 503 && log_count("revoked") > 0; }));
    const auto waits = order(3);
    market.wait_status(waits, "assigned");
    const auto allowed = nats("allow");
    INFO(allowed.output);
    REQUIRE(allowed.status == 0);
    market.wait_status(waits, "completed");
    CHECK(testkit::wait_until([&] { return ready().status == 200; }));
    CHECK(agent.running());
}

TEST_CASE("--check reports the gateway's answer, and leaves a running agent's key alone") {
    Market market("24h");
    const auto check = [&] {
        auto spec = market.agent_spec();
        spec.argv.insert(spec.argv.end(), {"--check", "--json"});
        const auto finished = testkit::run(spec);
        INFO(finished.output);
        std::map<std::string, std::string> out;
        const auto report = json::parse(finished.output);
        for (const auto& line : report["checks"]) {
            out[line["name"].get<std::string>()] =
                line["result"].get<std::string>() + " " + line["advice"].dump();
        }
        return out;
    };
    REQUIRE(testkit::wait_until([&] { return market.get(market.gateway_url() + "/health").status == 200; }));
    REQUIRE(
        testkit::wait_until([&] { return check()["NATS credentials"].starts_with("failed \"Register"); }));
    market.register_node(market.provider());
    REQUIRE(testkit::wait_until([&] { return check()["NATS credentials"].starts_with("ok"); }));
    CHECK(check()["NATS"].starts_with("ok"));
    CHECK_FALSE(std::ifstream(market.dir() + "/agent/nats-" + market.provider().address().hex() + ".seed"));
}

TEST_CASE(
    "attacks over HTTP: no proof but the provider's own, in time, for this market, gives a usable login") {
    Market market("24h");
    market.register_node(market.provider());
    const auto& provider = market.provider().address();
    const auto mine = Nkey::generate(KeyKind::kUser);
    const auto attackers = Nkey::generate(KeyKind::kUser);
    const auto sign = [&](const wire::AgentCredentials& message, const crypto::Signer& by,
                          const eth::Eip712Domain& domain) {
        return wire::sign_agent_credentials(message, domain, by);
    };
    const auto domain = market.domain();
    REQUIRE(testkit::wait_until([&] {
        return market
                   .get(market.gateway_url() + "/api/agents/credentials/challenge?provider=" +
                        provider.hex() + "&nkey=" + mine.public_key())
                   .status == 200;
    }));
    REQUIRE(testkit::wait_until([&] {
        const auto message = market.challenge(provider, mine.public_key());
        return market.post(message, sign(message, market.provider(), domain)).contains("jwt");
    }));
    const auto message = market.challenge(provider, mine.public_key());
    const auto signature = sign(message, market.provider(), domain);
    const auto code = [](const json& answer) { return answer.value("code", "accepted"); };

    CHECK(code(market.post(message, sign(message, market.renter(), domain))) == "invalid_signature");
    CHECK(code(market.post(message, sign(message, market.provider(),
                                         wire::market_domain(ChainId{56}, market.job_manager())))) ==
          "invalid_signature");
    // A recorded proof with the attacker's NKey.
    auto changed = message;
    changed.nkey = attackers.public_key();
    CHECK(code(market.post(changed, signature)) == "invalid_challenge");
    // A challenge for the attacker's NKey with the recorded signature.
    CHECK(code(market.post(market.challenge(provider, attackers.public_key()), signature)) ==
          "invalid_signature");
    changed = message;
    changed.expires_at += 3'600;
    CHECK(code(market.post(changed, sign(changed, market.provider(), domain))) == "invalid_challenge");
    const auto stranger = market.challenge(market.renter().address(), attackers.public_key());
    CHECK(code(market.post(stranger, sign(stranger, market.renter(), domain))) == "not_registered");

    // The same request again, as an eavesdropper sends it: a JWT for the provider's NKey, without its seed.
    const auto again = market.post(message, signature);
    REQUIRE(again.contains("jwt"));
    const auto jwt = again["jwt"].get<std::string>();
    const auto owner = market.keys.connect({jwt, mine});
    const auto thief = market.keys.open({jwt, attackers});
    CHECK(testkit::wait_until([&] { return thief->login_refused(); }));
    CHECK(owner->connected());
}
