// `lamda agent verify` against our agent, the sample agent, and variants of the sample that break one
// promise.
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <future>
#include <nlohmann/json.hpp>
#include <set>

#include "integration/agent_fixture.hpp"

using namespace lamda;
using namespace lamda::agent_test;

namespace {

namespace fs = std::filesystem;
using Strings = std::vector<std::string>;

std::string read_text(const std::string& path) {
    std::ifstream in(path);
    return {std::istreambuf_iterator<char>(in), {}};
}

/// Results of a run, by check.
struct Verified {
    int status = -1;
    std::string output;
    std::map<std::string, std::string> results;

    std::set<std::string> with(const std::string& result) const {
        std::set<std::string> out;
        for (const auto& [check, its] : results) {
            if (its == result) {
                out.insert(check);
            }
        }
        return out;
    }
};

/// Status, course, numbers, heartbeats: they run always.
constexpr std::size_t kRecordChecks = 4;

Verified verify(const Scenario& scenario, const testkit::NatsServer& nats, const Strings& more) {
    auto& servers = Servers::get();
    testkit::ProcessSpec spec;
    spec.argv = {testkit::binary_dir() + "/bin/lamda",
                 "--json",
                 "agent",
                 "verify",
                 "--provider",
                 scenario.provider().hex(),
                 "--nats",
                 nats.url(),
                 "--job-manager",
                 servers.job_manager.hex(),
                 "--patience",
                 std::to_string(testkit::patience())};
    spec.argv.insert(spec.argv.end(), more.begin(), more.end());
    spec.cwd = servers.dir.path();
    const auto done = testkit::run(spec, Millis(900'000));
    Verified out{done.status, done.output, {}};
    const auto rows = nlohmann::json::parse(done.output, nullptr, false);
    if (rows.is_array()) {
        for (const auto& row : rows) {
            out.results[row.at("check").get<std::string>()] = row.at("result").get<std::string>();
        }
    }
    return out;
}

/// Lets a shell command of another process run an action here: it creates a file, and waits until it is gone.
/// poll() runs on the main thread: a child process ends with the thread that has started it.
struct Remote {
    std::string file;
    std::function<void()> action;

    void poll() const {
        if (fs::exists(file)) {
            action();
            fs::remove(file);
        }
    }
    std::string command() const {
        return "touch " + file + "; while [ -e " + file + " ]; do sleep 0.05; done";
    }
};

/// The sample agent, or a copy of it with replaced texts, on a server of its own with the deployed
/// permissions.
struct Sample {
    using Edits = std::vector<std::pair<std::string, std::string>>;

    explicit Sample(const Edits& edits = {}) : scenario({}, false) {
        auto& servers = Servers::get();
        const auto folder = scenario.state_dir() + "-sample";
        fs::create_directories(folder);
        nats = std::make_unique<testkit::NatsServer>(folder + "/nats", Strings{scenario.provider().hex()});
        auto text = read_text(testkit::source_dir() + "/docs/samples/agent/agent.mjs");
        for (const auto& [from, to] : edits) {
            INFO(from);
            REQUIRE(text.find(from) != std::string::npos);
            text.replace(text.find(from), from.size(), to);
        }
        std::ofstream(folder + "/agent.mjs") << text;
        fs::create_directory_symlink(testkit::source_dir() + "/node_modules", folder + "/node_modules");
        testkit::ProcessSpec spec;
        spec.argv = {"node", folder + "/agent.mjs"};
        spec.env = {{"AGENT_PRIVATE_KEY", scenario.key()},
                    {"AGENT_STATE_DIR", folder + "/state"},
                    {"NATS_URL", nats->url(scenario.provider().hex())},
                    {"DOCKER_HOST", servers.docker.host()},
                    {"IPFS_API_URL", servers.store.url()},
                    {"IPFS_GATEWAY_URL", servers.store.url()},
                    {"BSC_CHAIN_ID", "97"},
                    {"JOB_MANAGER_CONTRACT_ADDRESS", servers.job_manager.hex()}};
        spec.cwd = folder;
        spec.log_file = log = folder + "/agent.log";
        process.emplace(spec);
    }

    std::future<Verified> verified(const Strings& arguments) const {
        return std::async(std::launch::async,
                          [this, arguments] { return verify(scenario, *nats, arguments); });
    }

    Scenario scenario;
    std::unique_ptr<testkit::NatsServer> nats;
    std::string log;
    std::optional<testkit::Process> process;
};

}  // namespace

TEST_CASE("our agent and the sample agent pass every check, also when they are killed") {
    auto& servers = Servers::get();
    Scenario ours({{"AGENT_CAPACITY", "2"}}, false);
    ours.start();
    const Remote agent{servers.dir.path() + "/restart-agent", [&] {
                           ours.process().kill();
                           ours.start();
                       }};
    const Remote nats{servers.dir.path() + "/restart-nats", [&] {
                          servers.nats.kill();
                          servers.nats.start();
                      }};
    Sample sample;
    const Remote other{servers.dir.path() + "/restart-sample", [&] {
                           sample.process->kill();
                           sample.process->restart();
                       }};

    auto second = sample.verified({"--restart-agent", other.command()});
    auto running = std::async(std::launch::async, [&] {
        return verify(ours, servers.nats,
                      {"--restart-agent", agent.command(), "--restart-nats", nats.command()});
    });
    const auto ended = [](const auto& run) { return run.wait_for(Millis(20)) == std::future_status::ready; };
    while (!ended(running) || !ended(second)) {
        for (const auto* remote : {&agent, &nats, &other}) {
            remote->poll();
        }
    }
    const auto first = running.get();
    INFO(first.output << "\n" << ours.log());
    CHECK(first.status == 0);
    CHECK(first.with("failed").empty());
    CHECK(first.with("skipped").empty());
    CHECK(first.results.size() >= 20);
    const auto its = second.get();
    INFO(its.output << "\n" << read_text(sample.log));
    CHECK(its.status == 0);
    CHECK(its.with("failed").empty());
    CHECK(its.with("skipped") == std::set<std::string>{"restart-nats"});
}

TEST_CASE("an agent that breaks a promise fails the checks of this promise, and no other") {
    struct Case {
        const char* what;
        Sample::Edits edits;
        Strings checks;
        std::set<std::string> failed;
    };
    const std::vector<Case> cases{
        {"acknowledges what it cannot run",
         {{"() => running.size < capacity)", "() => true)"},
          {"report(job, n, 'accepted').then(() => run(job, n));",
           "(async () => { while (running.size >= capacity) await pause(100); await report(job, n, "
           "'accepted'); "
           "await run(job, n); })();"}},
         {"completes", "capacity", "repeat-ended"},
         {"capacity"}},
        {"uses a number twice",
         {{"seq: ++job.seq", "seq: 1"}},
         {"completes", "fails", "repeat-ended"},
         {"numbers"}},
        {"ignores retractions",
         {{"job.void = Math.max(job.void, retraction.attempt);", ""}},
         {"completes", "retract-before", "retract-running", "retract-ended"},
         {"retract-before", "retract-running"}},
        {"signs for another market",
         {{"verifyingContract: jobManager", "verifyingContract: provider"}},
         {"completes"},
         {"status-form", "heartbeats"}},
    };
    std::vector<std::unique_ptr<Sample>> samples;
    std::vector<std::future<Verified>> runs;
    for (const auto& one : cases) {
        Strings arguments;
        for (const auto& check : one.checks) {
            arguments.insert(arguments.end(), {"--only", check});
        }
        samples.push_back(std::make_unique<Sample>(one.edits));
        runs.push_back(samples.back()->verified(arguments));
    }
    for (std::size_t i = 0; i < cases.size(); ++i) {
        const auto done = runs[i].get();
        INFO(cases[i].what << "\n" << done.output << "\n" << read_text(samples[i]->log));
        CHECK(done.status == 1);
        CHECK(done.with("failed") == cases[i].failed);
        CHECK(done.with("passed").size() == cases[i].checks.size() + kRecordChecks - cases[i].failed.size());
    }
}

TEST_CASE("a server with a dispatcher, and an unknown check, are refused") {
    const Scenario scenario({}, false);
    const auto unknown = verify(scenario, Servers::get().nats, {"--only", "nothing"});
    CHECK(unknown.status == 2);
    CHECK(unknown.output.find("retract-before") != std::string::npos);

    auto& servers = Servers::get();
    const testkit::NatsServer used(servers.dir.path() + "/used");
    bus::Bus bus(used.url(), "dispatcher", telemetry::Log::none());
    REQUIRE(testkit::wait_until([&] { return bus.connected(); }));
    bus.ensure_stream({"EVENTS", {"events.>"}});
    const auto refused = verify(scenario, used, {});
    CHECK(refused.status == 1);
    CHECK(refused.output.find("use a private server") != std::string::npos);
}
