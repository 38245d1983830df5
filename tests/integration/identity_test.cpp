// An instance configured for another chain, contract or start block than the database's, active or on
// standby: it ends with 78, names the setting, and has handled no message and answered no request.
#include <csignal>
#include <fstream>

#include "integration/market_fixture.hpp"
#include "net/http_client.hpp"

using namespace lamda;
using namespace lamda::integration;
using wire::StatusKind;

namespace {

using Settings = std::map<std::string, std::string>;

struct Identities : MarketFixture {
    Identities() : MarketFixture("identity") {}

    std::string log_of(const std::string& name) const {
        std::ifstream in(dir() + "/" + name + ".log");
        return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
    }
    void check_refused(const std::string& name, const std::string& message) {
        const auto status = service(name).wait(Millis(60'000));
        INFO(name << ":\n" << log_of(name));
        CHECK(status == 78);
        CHECK_THAT(log_of(name), Catch::Contains("lamda-") && Catch::Contains(": " + message));
    }
    void wait_begun(const std::string& stream) {
        REQUIRE(testkit::wait_until(
            [&] { return count("api.stream_identity WHERE stream = '" + stream + "'") == 1; }));
    }
    void start_dispatcher() {
        register_node(provider());
        start("node-registry");
        start("job-dispatcher");
        wait_begun("registry:opbnb");
        wait_begun("dispatcher:bsc");
        // The stream may not have reached the block of the registration yet.
        REQUIRE(testkit::wait_until([&] { return count("api.node") == 1; }));
    }
    std::string journal() {
        return database().transact([](store::Txn& txn) {
            return txn
                .one(
                    "SELECT coalesce(string_agg((e.*)::text, ' ' ORDER BY id), '') AS all FROM "
                    "dispatch.job_event e")
                .get<std::string>("all");
        });
    }
};

}  // namespace

TEST_CASE("a standby dispatcher of another market ends and names the setting, and dead-letters no status") {
    Identities market;
    market.start_dispatcher();
    const JobId id = market.order(1);
    market.wait_status(id, "assigned");
    // Any running instance takes them: the active one is stopped, so that only the other can do so.
    market.service("job-dispatcher").signal(SIGSTOP);
    for (std::uint32_t seq = 1; seq <= 2; ++seq) {
        market.publish(market.status(id, seq == 1 ? StatusKind::kAccepted : StatusKind::kRunning, 1, seq));
    }
    const auto before = market.journal();
    const std::vector<std::pair<Settings, std::string>> wrong{
        {{{"BSC_CHAIN_ID", "56"}},
         "BSC_CHAIN_ID: the database holds what stream dispatcher:bsc has read from chain 31337"},
        {{{"JOB_MANAGER_CONTRACT_ADDRESS", market.node_reputation().hex()}},
         "JOB_MANAGER_CONTRACT_ADDRESS: the database holds what stream dispatcher:bsc has read from " +
             market.job_manager().hex()},
        {{{"JOB_MANAGER_START_BLOCK", "2"}},
         "JOB_MANAGER_START_BLOCK: the database holds what stream dispatcher:bsc has read from block 1 on"}};
    for (const auto& [settings, message] : wrong) {
        market.start_as("standby", "job-dispatcher", settings);
        market.check_refused("standby", message);
    }
    CHECK(market.count("bus.dead_letter") == 0);
    CHECK(market.journal() == before);
    market.service("job-dispatcher").signal(SIGCONT);
    market.publish(market.status(id, StatusKind::kCompleted, 1, 3));
    market.wait_status(id, "completed");
    CHECK(market.count("bus.dead_letter") == 0);
}

TEST_CASE("a standby whose endpoints are on another chain ends, before it has to take over") {
    Identities market;
    market.start_dispatcher();
    testkit::Anvil other(market.dir() + "/other", {ChainId{56}, 0, 1});
    market.start_as("standby", "job-dispatcher", {{"BSC_RPC_URL", other.url()}});
    market.check_refused("standby", "BSC_RPC_URL: ");
    CHECK_THAT(market.log_of("standby"), Catch::Contains("read from chain 31337"));
    market.start_as("standby", "node-registry", {{"OPBNB_RPC_URL", other.url()}});
    market.check_refused("standby", "OPBNB_RPC_URL: ");
}

TEST_CASE(
    "every other service of another market ends and names the setting, whatever its streams have read") {
    Identities market;
    market.start_dispatcher();
    const Settings wallet{{"ADMIN_WALLET_PRIVATE_KEY", testkit::dev_key(0)}};
    const Settings wrong_jobs{{"JOB_MANAGER_CONTRACT_ADDRESS", market.node_reputation().hex()}};
    const Settings wrong_nodes{{"NODE_REPUTATION_CONTRACT_ADDRESS", market.job_manager().hex()}};
    const auto with = [](Settings some, const Settings& more) {
        some.insert(more.begin(), more.end());
        return some;
    };
    SECTION("registry") {
        market.start_as("standby", "node-registry", wrong_nodes);
        market.check_refused("standby", "NODE_REPUTATION_CONTRACT_ADDRESS: ");
        market.start_as("standby", "node-registry", {{"OPBNB_CHAIN_ID", "204"}});
        market.check_refused("standby", "OPBNB_CHAIN_ID: ");
        market.start_as("standby", "node-registry", {{"NODE_REPUTATION_START_BLOCK", "2"}});
        market.check_refused("standby", "NODE_REPUTATION_START_BLOCK: ");
    }
    SECTION("reputation, new in this database, and on standby") {
        for (const bool standby : {false, true}) {
            if (standby) {
                market.start("reputation", wallet);
                market.mine();
                market.wait_begun("reputation:bsc");
                market.wait_begun("reputation:opbnb");
            }
            market.start_as("other", "reputation", with(wallet, wrong_jobs));
            market.check_refused("other", "JOB_MANAGER_CONTRACT_ADDRESS: ");
            market.start_as("other", "reputation", with(wallet, wrong_nodes));
            market.check_refused("other", "NODE_REPUTATION_CONTRACT_ADDRESS: ");
            market.start_as("other", "reputation", with(wallet, {{"BSC_CHAIN_ID", "56"}}));
            market.check_refused("other", "BSC_CHAIN_ID: ");
        }
    }
    SECTION("gateway") {
        market.start_as("other", "api-gateway", with({{"API_PORT", "0"}}, wrong_jobs));
        market.check_refused("other", "JOB_MANAGER_CONTRACT_ADDRESS: ");
        market.start_as("other", "api-gateway", {{"API_PORT", "0"}, {"BSC_CHAIN_ID", "56"}});
        market.check_refused("other", "BSC_CHAIN_ID: ");
    }
}

TEST_CASE("the gateway takes the chain from the dispatcher's record, and accepts no job before it exists") {
    Identities market;
    const int port = testkit::free_port();
    const int metrics = testkit::free_port();
    market.start("api-gateway",
                 {{"API_PORT", std::to_string(port)}, {"METRICS_PORT", std::to_string(metrics)}});
    net::HttpClient http;
    const auto ask = [&](const std::string& url, const std::string& body) -> std::pair<int, json> {
        net::HttpRequest request;
        request.method = body.empty() ? "GET" : "POST";
        request.url = url;
        request.body = body;
        request.headers.emplace_back("Content-Type", "application/json");
        try {
            const auto answer = http.send(request);
            return {answer.status, json::parse(answer.body, nullptr, false)};
        } catch (const net::TransportError&) {
            return {0, {}};
        }
    };
    const auto submit = [&] {
        const json spec{{"renter", market.renter().address().hex()},
                        {"provider", market.provider().address().hex()},
                        {"dockerImage", "lamda/busybox:1.35"}};
        return ask("http://127.0.0.1:" + std::to_string(port) + "/api/jobs",
                   json{{"spec", spec}, {"payment_amount", "1000"}}.dump());
    };
    const auto code = [](const std::pair<int, json>& answer) {
        return answer.second.is_object() ? answer.second.value("code", "") : std::string();
    };
    const auto readiness = [&] { return ask("http://127.0.0.1:" + std::to_string(metrics) + "/readyz", ""); };
    REQUIRE(testkit::wait_until([&] { return code(submit()) == "chain_unknown"; }));
    REQUIRE(testkit::wait_until([&] {
        return readiness().second.dump().find("stream dispatcher:bsc has not begun") != std::string::npos;
    }));
    market.start_dispatcher();
    REQUIRE(testkit::wait_until([&] { return readiness().first == 200; }));
    const auto made = submit();
    INFO(made.second.dump());
    REQUIRE(made.first == 201);
    CHECK(made.second.at("transaction").at("chainId") == "0x7a69");
}

TEST_CASE("a gateway started before the dispatcher ends when the dispatcher records another contract") {
    Identities market;
    const int port = testkit::free_port();
    market.start("api-gateway", {{"API_PORT", std::to_string(port)},
                                 {"BSC_CHAIN_ID", "31337"},
                                 {"JOB_MANAGER_CONTRACT_ADDRESS", market.node_reputation().hex()}});
    net::HttpClient http;
    REQUIRE(testkit::wait_until([&] {
        net::HttpRequest request;
        request.url = "http://127.0.0.1:" + std::to_string(port) + "/api/jobs";
        try {
            return http.send(request).status == 200;
        } catch (const net::TransportError&) {
            return false;
        }
    }));
    market.start_dispatcher();
    market.check_refused("api-gateway", "JOB_MANAGER_CONTRACT_ADDRESS: ");
}
