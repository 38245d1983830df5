// Jobs are not lost when parts are late, unavailable, killed, or restarted without memory.
#include "contracts/job_manager.hpp"
#include "e2e/scenario.hpp"
#include "onchain/transact.hpp"
#include "testkit/patience.hpp"

using namespace lamda;
using namespace lamda::e2e;

TEST_CASE(
    "A dispatcher started after the jobs were created misses none; killed and restarted it sends no attempt "
    "twice") {
    Scenario s("e2e_late_dispatcher");
    s.network().register_provider(0);
    s.network().register_provider(1);
    s.start({"node-registry", "api-gateway"});
    std::vector<localnet::OrderedJob> jobs;
    for (std::size_t i = 0; i < 4; ++i) {
        jobs.push_back(s.market().order(i));
    }
    for (const auto& job : jobs) {
        onchain::wait_mined(s.network().bsc(), SystemClock(), job.tx);
    }

    s.start({"job-dispatcher"});
    for (const auto& job : jobs) {
        s.wait_status(job.id, {"assigned"});
    }
    REQUIRE(testkit::wait_until([&] { return s.stored_in("JOBS") == jobs.size(); }));
    for (int i = 0; i < 3; ++i) {
        s.network().kill_service("job-dispatcher");
        s.start({"job-dispatcher"});
    }
    CHECK(s.stored_in("JOBS") == jobs.size());

    s.start({"reputation", "node-agent-1", "node-agent-2"});
    s.wait_rewarded(jobs);
    CHECK(s.stored_in("JOBS") == jobs.size());
    for (const auto& [attempt, times] : s.acceptances()) {
        INFO(attempt.first << " attempt " << attempt.second);
        CHECK(times == 1);
    }
    CHECK(s.count_of(s.network().providers()[0]) == 2);
    CHECK(s.count_of(s.network().providers()[1]) == 2);
}

TEST_CASE(
    "An agent that was down for longer than the accept timeout gets its assignment when it returns, and "
    "runs it once") {
    const int accept_seconds = 10 * testkit::patience();  // the agent has to accept within that time
    localnet::NetworkConfig config;
    config.more_env = {{"ACCEPT_TIMEOUT", std::to_string(accept_seconds) + "s"}};
    Scenario s("e2e_agent_away", config);
    s.network().register_provider(0);
    s.start_services();
    const auto job = s.market().order(0);
    s.wait_status(job.id, {"assigned"});

    // The bus forgets message ids when it restarts, as after its window: no guarantee may depend on them.
    const auto assigned_at = parse_rfc3339(s.job(job.id).at("assigned_at").get<std::string>()).value();
    s.network().nats().stop();
    s.network().nats().start();
    const Millis away((accept_seconds + 4) * 1'000);
    REQUIRE(testkit::wait_until([&] { return SystemClock().now() - assigned_at > away; }));
    s.network().wait_ready("job-dispatcher");
    s.wait_status(job.id, {"assigned"});
    CHECK(s.job(job.id).at("attempt") == 1);

    s.start({"node-agent-1"});
    s.wait_rewarded({job});
    const auto accepted = s.acceptances();
    CHECK(accepted.size() == 1);
    CHECK(accepted.begin()->second == 1);
    CHECK(s.count_of(job.provider) == 1);
}

TEST_CASE("A job for a provider that registers later is dispatched after the registration") {
    Scenario s("e2e_late_provider");
    s.start_services();
    const auto job = s.market().order_without_gateway(0);
    s.wait_status(job.id, {"awaiting_provider"});
    s.network().register_provider(0);
    s.wait_status(job.id, {"assigned"});
    s.start({"node-agent-1"});
    s.wait_rewarded({job});
}

TEST_CASE("The database dropped after rewarded jobs: no provider's count rises again") {
    Scenario s("e2e_database_dropped");
    s.network().register_provider(0);
    s.network().register_provider(1);
    s.start_services();
    s.start({"node-agent-1", "node-agent-2"});
    std::vector<localnet::OrderedJob> jobs;
    for (std::size_t i = 0; i < 20; ++i) {
        jobs.push_back(s.market().order(i));
    }
    s.wait_rewarded(jobs, Millis(120'000));
    for (const auto& job : jobs) {
        s.wait_status(job.id, {"paid"});
    }
    const auto dispatched = s.stored_in("JOBS");

    const std::vector<std::string> services = {"node-registry", "job-dispatcher", "reputation",
                                               "api-gateway"};
    for (const auto& name : services) {
        s.network().kill_service(name);
    }
    s.network().create_database();
    s.start(services);
    for (const auto& job : jobs) {
        s.wait_status(job.id, {"paid"});
    }
    // The states of the work are restored from the signed statuses.
    for (const auto& job : jobs) {
        INFO(s.job(job.id).dump());
        CHECK(testkit::wait_until([&] {
            const auto now = s.job(job.id);
            return now.at("work_state") == "completed" && now.at("output_file_cid").is_string();
        }));
    }

    // One more job shows that the sender works again, with the ledger rebuilt from the chain.
    const auto after = s.market().order(20);
    jobs.push_back(after);
    s.wait_rewarded(jobs);
    CHECK(s.stored_in("JOBS") == dispatched + 1);
    CHECK(s.count_of(s.network().providers()[0]) == 11);
    CHECK(s.count_of(s.network().providers()[1]) == 10);
}

TEST_CASE("With PostgreSQL stopped, `lamda job show --chain-only` shows the state on chain") {
    Scenario s("e2e_chain_only");
    s.network().register_provider(0);
    s.start_services();
    s.start({"node-agent-1"});
    const auto job = s.market().order(0);
    s.wait_status(job.id, {"paid"});
    s.network().postgres().stop();

    const auto shown = s.lamda({"--json", "job", "show", job.id.hex(), "--chain-only"});
    INFO(shown.output);
    REQUIRE(shown.status == 0);
    const auto answer = json::parse(shown.output);
    CHECK(answer.at("id") == job.id.hex());
    CHECK(answer.at("chain_state") == "paid");
    CHECK(answer.at("payment_amount") == "10000000000000000");
    CHECK(answer.at("created").at("transaction_hash") == job.tx.hex());
    CHECK(answer.at("paid").at("block").get<int>() > answer.at("confirmed").at("block").get<int>());
    CHECK(s.lamda({"job", "show", JobId().hex(), "--chain-only"}).status == 1);
}
