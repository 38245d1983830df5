// Learning the BSC chain id: no single answer is final.
#include "services/node-agent/onchain/chain_learner.hpp"

#include <catch2/catch.hpp>
#include <map>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "eth/rpc_client.hpp"
#include "net/transport.hpp"
#include "testkit/process.hpp"

using namespace lamda;
using namespace lamda::agent;
using Learned = BscIdentity::Learned;

namespace {

/// Endpoints `http://<name>/`, each on its chain in `chains`; those without an entry do not answer.
class FakeEndpoints final : public net::Transport {
  public:
    net::HttpResponse send(const net::HttpRequest& request) override {
        const auto found = chains.find(request.url.substr(7, 1));
        if (found == chains.end()) {
            throw net::TransportError(net::TransportError::Kind::kConnect, "away");
        }
        const auto id = nlohmann::json::parse(request.body).at("id");
        return {200, {}, nlohmann::json{{"jsonrpc", "2.0"}, {"id", id}, {"result", found->second}}.dump()};
    }
    std::unique_ptr<net::Exchanges> exchanges() override { throw std::logic_error("not used here"); }

    std::map<std::string, std::string> chains;
};

struct Agent {
    explicit Agent(std::optional<ChainId> configured = std::nullopt) { restart(configured); }
    void restart(std::optional<ChainId> configured = std::nullopt) {
        learner.reset();
        identity.emplace(configured, dir.path() + "/bsc-chain-id");
        std::vector<std::unique_ptr<eth::Rpc>> endpoints;
        for (const auto* url : {"http://a/", "http://b/"}) {
            endpoints.push_back(std::make_unique<eth::HttpRpc>(url, Millis(1'000), net));
        }
        learner.emplace(*identity, std::move(endpoints), telemetry::Log::none(), health);
    }
    std::string detail() { return health.checks().at("chain_id").detail; }

    testkit::TempDir dir{"agent-chain"};
    FakeEndpoints net;
    telemetry::Health health;
    std::optional<BscIdentity> identity;
    std::optional<ChainLearner> learner;
};

}  // namespace

TEST_CASE("the chain id that all endpoints report is learned, and known after a restart without them") {
    Agent agent;
    agent.learner->step();
    CHECK_FALSE(agent.identity->known());  // none answers
    agent.net.chains = {{"b", "0x61"}};
    agent.learner->step();
    CHECK(agent.identity->known() == ChainId{97});
    CHECK(agent.health.ready());
    agent.net.chains.clear();
    agent.restart();
    agent.learner->step();
    CHECK(agent.identity->known() == ChainId{97});
}

TEST_CASE("from endpoints on different chains no id is learned; the check names them and the setting") {
    Agent agent;
    agent.net.chains = {{"a", "0x38"}, {"b", "0x61"}};
    agent.learner->step();
    CHECK_FALSE(agent.identity->known());
    CHECK_FALSE(agent.health.ready());
    CHECK(agent.detail().find("http://a: 56, http://b: 97") != std::string::npos);
    CHECK(agent.detail().find("BSC_CHAIN_ID") != std::string::npos);
    agent.net.chains["a"] = "0x61";
    agent.learner->step();
    CHECK(agent.identity->known() == ChainId{97});
    CHECK(agent.health.ready());
}

TEST_CASE("a wrong first answer is corrected by later answers, even after a restart") {
    Agent agent;
    agent.net.chains = {{"a", "0x38"}};
    agent.learner->step();
    REQUIRE(agent.identity->known() == ChainId{56});
    SECTION("by the same process") {}
    SECTION("by another process") {
        agent.restart();
        REQUIRE(agent.identity->known() == ChainId{56});
    }
    agent.net.chains = {{"a", "0x61"}, {"b", "0x61"}};
    for (int answers = 1; answers < BscIdentity::kAnswersToReplace; ++answers) {
        agent.learner->step();
        CHECK(agent.identity->known() == ChainId{56});
        CHECK_FALSE(agent.health.ready());
        CHECK(agent.detail().find("on chain 97, the chain learned before is 56") != std::string::npos);
    }
    agent.learner->step();
    CHECK(agent.identity->known() == ChainId{97});
    CHECK(agent.health.ready());
    agent.restart();
    CHECK(agent.identity->known() == ChainId{97});
}

TEST_CASE("single wrong answers among right ones change nothing") {
    Agent agent;
    for (int i = 0; i < 10; ++i) {
        agent.net.chains["a"] = i % 2 == 0 ? "0x61" : "0x38";
        agent.learner->step();
        CHECK(agent.identity->known() == ChainId{97});
    }
}

TEST_CASE("a configured chain id is neither learned nor corrected") {
    Agent agent(ChainId{97});
    for (int i = 0; i < 5; ++i) {
        CHECK(agent.identity->learn(ChainId{56}) == Learned::kNothing);
    }
    CHECK(agent.identity->known() == ChainId{97});
    agent.learner->run({});  // returns
    agent.restart();
    CHECK_FALSE(agent.identity->known());
}
