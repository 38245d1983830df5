// Each service waits for an unavailable dependency, reports it, recovers by itself, and ends on SIGTERM.
#include <csignal>

#include "e2e/scenario.hpp"
#include "testkit/patience.hpp"

using namespace lamda;
using namespace lamda::e2e;

namespace {

const std::vector<std::string> kServices = {"node-registry", "job-dispatcher", "reputation", "api-gateway"};

void check_ready(Scenario& s, const std::string& name, bool wanted) {
    INFO(name << (wanted ? " must become ready" : " must become not ready"));
    CHECK(testkit::wait_until([&] { return s.network().ready(name) == wanted; }));
}

}  // namespace

TEST_CASE("SIGTERM ends each service with 0 within 5 s") {
    Scenario s("e2e_sigterm");
    s.network().register_provider(0);
    s.start_services();
    s.start({"node-agent-1"});
    for (const auto& name :
         {"node-registry", "job-dispatcher", "reputation", "api-gateway", "node-agent-1"}) {
        INFO(name);
        const auto before = std::chrono::steady_clock::now();
        CHECK(s.network().stop_service(name) == 0);
        CHECK(std::chrono::steady_clock::now() - before < std::chrono::seconds(5) * testkit::patience());
    }
}

TEST_CASE(
    "Each service waits, not ready, while PostgreSQL, NATS or an RPC node is down, and recovers by itself") {
    Scenario s("e2e_waiting");
    s.network().register_provider(0);
    s.start_services();

    SECTION("PostgreSQL") {
        s.network().postgres().kill();
        for (const auto& name : kServices) {
            check_ready(s, name, false);
        }
        s.network().postgres().start();
    }
    SECTION("NATS") {
        s.network().nats().kill();
        for (const char* name : {"node-registry", "job-dispatcher"}) {
            check_ready(s, name, false);
        }
        s.network().nats().start();
    }
    SECTION("BSC") {
        s.network().bsc_node().stop();
        for (const char* name : {"job-dispatcher", "reputation"}) {
            check_ready(s, name, false);
        }
        s.network().bsc_node().start();
    }
    SECTION("opBNB") {
        s.network().opbnb_node().stop();
        for (const char* name : {"node-registry", "reputation"}) {
            check_ready(s, name, false);
        }
        s.network().opbnb_node().start();
    }
    for (const auto& name : kServices) {
        check_ready(s, name, true);
    }
    s.start({"node-agent-1"});
    const auto job = s.market().order(0);
    s.wait_rewarded({job});
}

TEST_CASE("Services started while all dependencies are down wait, and start to work when these come up") {
    Scenario s("e2e_started_early");
    s.network().register_provider(0);
    s.network().postgres().stop();
    s.network().nats().stop();
    for (const auto& name : kServices) {
        s.network().start_service(name);
        check_ready(s, name, false);
    }
    s.network().nats().start();
    s.network().postgres().start();
    for (const auto& name : kServices) {
        check_ready(s, name, true);
    }
}
