// lamda-node-agent --check with real servers, and with each of them missing.
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <set>

#include "integration/agent_fixture.hpp"
#include "wire/documents/benchmark.hpp"

using namespace lamda;
using namespace lamda::agent_test;
using Env = Scenario::Env;
using Names = std::set<std::string>;

namespace {

struct Checked {
    int status = 0;
    std::string output;
    /// Names of the lines with this result.
    Names with(const std::string& result) const {
        Names out;
        const auto report = nlohmann::json::parse(output);
        for (const auto& line : report["checks"]) {
            if (line["result"] == result) {
                out.insert(line["name"].get<std::string>());
            }
            CHECK((line["result"] == "ok") == line["advice"].is_null());
        }
        return out;
    }
};

Checked check(const Scenario& scenario, const Env& more_env = {}, bool json = true) {
    auto spec = scenario.spec(more_env);
    spec.argv.emplace_back("--check");
    if (json) {
        spec.argv.emplace_back("--json");
    }
    const auto finished = testkit::run(spec);
    CHECK(finished.output.find(scenario.key()) == std::string::npos);
    return {finished.status, finished.output};
}

}  // namespace

TEST_CASE("--benchmark prints a measurement that the provider's key has signed for its market") {
    const Scenario scenario;
    auto spec = scenario.spec();
    spec.argv.emplace_back("--benchmark");
    const auto finished = testkit::run(spec);
    INFO(finished.output);
    CHECK(finished.status == 0);
    const auto benchmark = wire::parse_benchmark(finished.output);
    REQUIRE(benchmark);
    CHECK(benchmark->provider == scenario.provider());
    CHECK(wire::verify_benchmark(*benchmark, wire::market_domain(ChainId{97}, Servers::get().job_manager)));
    const auto result = nlohmann::json::parse(benchmark->result);
    CHECK(result["store"]["upBytesPerSecond"] > 0);
    CHECK(result["store"]["downBytesPerSecond"] > 0);
}

TEST_CASE("--check: all works, and what is missing fails alone, with advice") {
    auto& servers = Servers::get();
    Scenario scenario(Env{{"AGENT_REGISTER", "true"}, {"AGENT_CONFIRM", "true"}});
    for (auto* chain : {&servers.bsc, &servers.opbnb}) {
        chain->call("anvil_mine", "[\"0x1\"]");  // a new head
    }
    const auto all = check(scenario);
    INFO(all.output);
    CHECK(all.status == 0);
    CHECK(all.with("failed").empty());
    for (const std::string name : {"Docker", "Docker limits", "NATS", "NATS JOBS", "NATS RETRACT",
                                   "BSC balance", "opBNB balance", "IPFS store", "clock", "GPU"}) {
        INFO(name);
        CHECK(all.with("ok").contains(name));
    }
    CHECK(all.with("ok").contains("BSC " + net::redact_url(servers.bsc.url())));
    CHECK(all.with("ok").contains("IPFS gateway " + net::redact_url(servers.store.url())));
    CHECK(all.with("warning").contains("registration"));
    const auto table = check(scenario, {}, false);
    CHECK(table.status == 0);
    CHECK(table.output.starts_with("CHECK "));

    const auto failed = [&](const Env& env) {
        const auto checked = check(scenario, env);
        CHECK(checked.status == 1);
        return checked.with("failed");
    };
    CHECK(failed({{"NATS_URL", "nats://user:secret@127.0.0.1:1"}}) == Names{"NATS"});
    CHECK(failed({{"DOCKER_HOST", "unix:///nowhere/docker.sock"}}) == Names{"Docker"});
    CHECK(failed({{"AGENT_RUNTIME", "runsc"}}) == Names{"Docker runtime"});
    CHECK(failed({{"BSC_RPC_URL", servers.opbnb.url()}}) ==
          Names{"BSC " + net::redact_url(servers.opbnb.url())});
    CHECK(failed({{"AGENT_REGISTER", "false"}}) == Names{"registration"});
    CHECK(failed({{"IPFS_API_URL", "http://127.0.0.1:1"}}) == Names{"IPFS store"});
    servers.bsc.call("anvil_setBalance", "[\"" + scenario.provider().hex() + "\",\"0x0\"]");
    CHECK(failed({}) == Names{"BSC balance"});
    CHECK(check(scenario, {{"AGENT_CAPACITY", "many"}}).status == 78);
}
