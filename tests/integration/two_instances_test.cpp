// Two instances of a service: one reads the chain, the other is ready and takes over. The rows keep them
// apart, so that nothing is lost and nothing happens twice.
#include <atomic>
#include <csignal>

#include "bus/testing/until_answered.hpp"
#include "integration/market_fixture.hpp"
#include "net/http_client.hpp"
#include "net/testing/loopback_server.hpp"
#include "outbox/event_stream.hpp"
#include "services/job-dispatcher/dispatch/timeout_loop.hpp"
#include "services/job-dispatcher/jobs/job_store.hpp"
#include "services/job-dispatcher/jobs/journal_store.hpp"

using namespace lamda;
using namespace lamda::integration;
using net::testing::LoopbackServer;
using wire::StatusKind;

namespace {

struct Pair : MarketFixture {
    std::string service_name;
    std::map<std::string, int> ports;
    std::map<std::string, std::string> more;
    net::HttpClient http;

    Pair(const std::string& name, std::map<std::string, std::string> settings = {})
        : MarketFixture("pair"), service_name(name), more(std::move(settings)) {
        // The job dispatcher creates it, and does not run in each of these tests; waiting events make a
        // service not ready.
        bus::testing::until_answered([&] { bus().ensure_stream(outbox::events_stream()); });
    }

    void start_instance(const std::string& name, const std::map<std::string, std::string>& own = {}) {
        ports[name] = testkit::free_port();
        auto env = more;
        env.insert(own.begin(), own.end());
        env["METRICS_PORT"] = std::to_string(ports[name]);
        start_as(name, service_name, env);
    }
    json readiness(const std::string& name) {
        net::HttpRequest request;
        request.url = "http://127.0.0.1:" + std::to_string(ports.at(name)) + "/readyz";
        request.timeout = Millis(2'000);
        try {
            return json::parse(http.send(request).body);
        } catch (const net::TransportError& error) {
            return {{"status", error.what()}, {"checks", json::object()}};
        }
    }
    void wait_ready(const std::string& name) {
        const bool ready = testkit::wait_until([&] { return readiness(name).at("status") == "ready"; });
        INFO(name << ": " << readiness(name).dump());
        REQUIRE(ready);
    }
    void wait_standby(const std::string& name, const std::string& check) {
        wait_ready(name);
        CHECK(testkit::wait_until([&] {
            const auto checks = readiness(name).at("checks");
            return checks.contains(check) && checks[check].at("detail").get<std::string>().find(
                                                 "another instance") != std::string::npos;
        }));
    }
    /// Name of the instance that holds the lease, or nothing.
    std::string active(const std::string& stream) {
        const auto row = database().transact([&](store::Txn& txn) {
            return txn.first("SELECT instance FROM api.stream WHERE stream = $1 AND instance_active",
                             {stream});
        });
        for (const auto& [name, port] : ports) {
            if (row &&
                row->get<std::string>("instance").ends_with(":" + std::to_string(service(name).pid()))) {
                return name;
            }
        }
        return "";
    }
    void wait_active(const std::string& stream, const std::string& name) {
        REQUIRE(testkit::wait_until([&] { return active(stream) == name; }));
    }
    void kill_instance(const std::string& name) {
        kill(name);
        ports.erase(name);
    }
};

}  // namespace

TEST_CASE(
    "of two dispatchers the active one is killed repeatedly: the other takes over, nothing is lost "
    "and nothing is sent twice") {
    Pair market("job-dispatcher");
    market.register_node(market.provider());
    market.start("node-registry");
    market.start_instance("one");
    market.wait_active("dispatcher:bsc", "one");
    market.start_instance("two");
    market.wait_ready("one");
    market.wait_standby("two", "chain:dispatcher:bsc");

    std::vector<JobId> jobs;
    std::uint8_t salt = 1;
    std::string reads = "one";
    std::string stands_by = "two";
    for (int round = 0; round < 3; ++round) {
        INFO("round " << round << ": " << reads << " reads");
        jobs.push_back(market.order(salt++));
        if (round != 1) {
            market.wait_status(jobs.back(),
                               "assigned");  // otherwise it is killed at a random point
        }
        market.kill_instance(reads);
        jobs.push_back(market.order(salt++));
        market.wait_active("dispatcher:bsc", stands_by);
        for (const auto& id : jobs) {
            market.wait_status(id, "assigned");
        }
        market.start_instance(reads);
        market.wait_standby(reads, "chain:dispatcher:bsc");
        std::swap(reads, stands_by);
    }
    // On SIGTERM it releases the lease at once.
    CHECK(market.service(reads).stop() == 0);
    market.ports.erase(reads);
    market.wait_active("dispatcher:bsc", stands_by);
    jobs.push_back(market.order(salt++));
    market.wait_status(jobs.back(), "assigned");

    REQUIRE(testkit::wait_until([&] { return market.count("bus.outbox") == 0; }));
    CHECK(market.bus().last_sequence(wire::kJobsStream) == jobs.size());
    CHECK(market.count("dispatch.assignment") == static_cast<std::int64_t>(jobs.size()));
    std::set<JobId> taken;
    for (std::size_t i = 0; i < jobs.size(); ++i) {
        const auto assignment = market.take_assignment();
        CHECK(assignment.attempt == 1);
        taken.insert(assignment.job_id);
    }
    CHECK(taken == std::set<JobId>(jobs.begin(), jobs.end()));
    for (const auto& id : jobs) {
        for (const auto kind : {StatusKind::kAccepted, StatusKind::kRunning, StatusKind::kCompleted}) {
            market.publish(market.status(id, kind, 1, static_cast<std::uint32_t>(kind) + 1));
        }
    }
    for (const auto& id : jobs) {
        market.wait_status(id, "completed");
        market.database().transact([&](store::Txn& txn) {
            const auto journal = dispatch::read_journals(txn, {id})[id];
            CHECK((dispatch::fold(journal) == dispatch::read_job(txn, id)));
        });
    }
}

TEST_CASE("a working provider does not time out because another instance reads its statuses") {
    Pair market("job-dispatcher");
    market.register_node(market.provider());
    market.start("node-registry");
    market.start("job-dispatcher");
    const JobId id = market.order(1);
    market.wait_status(id, "assigned");
    market.publish(market.status(id, StatusKind::kAccepted, 1, 1));
    market.publish(market.status(id, StatusKind::kRunning, 1, 2));
    market.wait_status(id, "running");

    // Timeouts of an instance that reads no statuses. The test controls its time.
    const FakeClock clock(SystemClock().now());
    telemetry::Metrics metrics;
    telemetry::Health health;
    dispatch::StreamProgress progress;
    progress.set(true);
    dispatch::Deployment rules(market.job_manager(), ChainId{31337}, 3, Millis{0});
    dispatch::PresenceClock presence;
    dispatch::TimeoutConfig config;
    config.silence = Millis(30'000);
    dispatch::TimeoutLoop clocks(market.database(), config, rules, progress, presence, [] { return true; },
                                 {clock, telemetry::Log::none(), metrics, health});
    int at = 0;
    const auto present_for = [&](int seconds) {
        for (const int until = at + seconds; at <= until; at += 10) {
            wire::Heartbeat heartbeat;
            heartbeat.provider = market.provider().address();
            heartbeat.running = heartbeat.capacity;
            presence.heartbeat(heartbeat, Steady{} + std::chrono::seconds(at));
        }
    };
    const auto pass = [&] {
        clock.advance(dispatch::ReadingPace::kLongest);
        clocks.pass();
    };
    pass();
    present_for(20);
    pass();
    market.publish(market.status(id, StatusKind::kRunning, 1, 3));
    REQUIRE(testkit::wait_until([&] { return market.count("dispatch.assignment WHERE last_seq = 3") == 1; }));
    pass();
    present_for(20);
    pass();
    CHECK(market.job_column(id, "attempt") == "1");
    present_for(20);
    pass();
    CHECK(market.job_column(id, "attempt") == "2");  // a real timeout is detected
}

TEST_CASE("of two registries the other takes over, and both handle heartbeats") {
    Pair market("node-registry");
    market.record_market();
    market.start_instance("one");
    market.wait_active("registry:opbnb", "one");
    market.start_instance("two");
    market.wait_standby("two", "chain:registry:opbnb");
    market.kill_instance("one");
    market.register_node(market.provider());
    market.wait_active("registry:opbnb", "two");
    REQUIRE(testkit::wait_until([&] { return market.count("registry.node WHERE is_registered") == 1; }));
    market.start_instance("one");
    market.wait_standby("one", "chain:registry:opbnb");
    CHECK(testkit::wait_until([&] {
        market.heartbeat();
        return market.count("api.node WHERE is_online") == 1;
    }));
    CHECK(market.count("registry.node_event WHERE kind = 'registered'") == 1);
}

TEST_CASE("an instance without a connection to its endpoints releases the lease to the other") {
    Pair market("node-registry");
    std::atomic<bool> cut_off = false;
    net::HttpClient way;
    LoopbackServer proxy([&](const LoopbackServer::Request& request) {
        net::HttpRequest passed;
        passed.method = "POST";
        passed.url = market.anvil().url();
        passed.headers = {{"Content-Type", "application/json"}};
        passed.body = request.body;
        return cut_off ? LoopbackServer::reply("no route", "502 Bad Gateway")
                       : LoopbackServer::reply(way.send(passed).body);
    });
    market.start_instance("one", {{"OPBNB_RPC_URL", proxy.url("")}});
    market.wait_active("registry:opbnb", "one");
    market.wait_ready("one");
    market.start_instance("two");
    market.wait_standby("two", "chain:registry:opbnb");

    cut_off = true;
    market.register_node(market.provider());
    REQUIRE(testkit::wait_until([&] { return market.active("registry:opbnb") == "two"; }, Millis(120'000)));
    REQUIRE(testkit::wait_until([&] { return market.count("registry.node WHERE is_registered") == 1; }));
    market.wait_standby("one", "chain:registry:opbnb");
    // It is still available when the other one ends.
    cut_off = false;
    market.kill_instance("two");
    market.wait_active("registry:opbnb", "one");
    market.wait_ready("one");
}

TEST_CASE("of two reputation services the other takes over, and each job is counted once") {
    Pair market("reputation", {{"ADMIN_WALLET_PRIVATE_KEY", testkit::dev_key(0)}});
    market.register_node(market.provider());
    market.start_instance("one");
    market.wait_active("reputation:bsc", "one");
    market.start_instance("two");
    market.wait_standby("two", "reputation:ledger");
    market.wait_ready("one");

    std::uint8_t salt = 1;
    int jobs = 0;
    const auto confirm_one = [&] {
        market.confirm(market.create_job(market.spec(salt++)));
        ++jobs;
    };
    const auto wait_counted = [&] {
        const bool counted = testkit::wait_until(
            [&] {
                market.mine(1);
                return market.count("reputation.increment WHERE job_id IS NOT NULL") == jobs;
            },
            Millis(60'000));
        INFO(market.count("reputation.increment") << " of " << jobs);
        REQUIRE(counted);
    };
    confirm_one();
    wait_counted();
    confirm_one();
    market.kill_instance("one");
    confirm_one();
    market.wait_active("reputation:bsc", "two");
    market.wait_active("reputation:opbnb", "two");  // both streams: their states are joined
    wait_counted();
    market.wait_ready("two");
    CHECK(market.count("(SELECT DISTINCT job_id FROM reputation.increment) AS counted") == jobs);
    CHECK(market.count("reputation.increment WHERE new_count = " + std::to_string(jobs)) == 1);
}
