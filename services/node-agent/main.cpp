// lamda-node-agent: runs a provider's jobs. The only file that names concrete adapters.
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <utility>

#include "core/deadline.hpp"
#include "crypto/digest.hpp"
#include "eth/rpc_client.hpp"
#include "net/http_client.hpp"
#include "rpcpool/multi_rpc.hpp"
#include "runtime/app.hpp"
#include "runtime/readiness.hpp"
#include "services/node-agent/benchmark/benchmark.hpp"
#include "services/node-agent/bus/assignment_loop.hpp"
#include "services/node-agent/bus/detachable_loop.hpp"
#include "services/node-agent/bus/heartbeat_loop.hpp"
#include "services/node-agent/bus/retract_loop.hpp"
#include "services/node-agent/bus/status_repeater.hpp"
#include "services/node-agent/check/check_list.hpp"
#include "services/node-agent/config.hpp"
#include "services/node-agent/credentials/credentials_loop.hpp"
#include "services/node-agent/credentials/login_key.hpp"
#include "services/node-agent/executor/docker/docker_check.hpp"
#include "services/node-agent/executor/docker/docker_executor.hpp"
#include "services/node-agent/executor/janitor.hpp"
#include "services/node-agent/executor/runner.hpp"
#include "services/node-agent/onchain/chain_learner.hpp"

namespace lamda::agent {
namespace {

std::vector<std::unique_ptr<eth::Rpc>> bsc_endpoints(const Config& config, net::HttpClient& http) {
    std::vector<std::unique_ptr<eth::Rpc>> out;
    out.reserve(config.bsc_rpc_urls.size());
    for (const auto& url : config.bsc_rpc_urls) {
        out.push_back(std::make_unique<eth::HttpRpc>(url, config.rpc_timeout, http));
    }
    return out;
}

rpcpool::RpcConfig opbnb_config(const Config& config) {
    return {
        .urls = config.opbnb_rpc_urls, .chain = config.registration.chain_id, .timeout = config.rpc_timeout};
}

/// Until stopped: measures the machine, often until the engine has answered.
void measure(const std::stop_token& stop, Executor& executor, const std::string& jobs_dir,
             OfferedResources& resources) {
    constexpr Millis kEvery{30'000};
    constexpr Millis kUntilKnown{500};
    do {
        try {
            auto machine = executor.machine();
            machine.disk_bytes = std::filesystem::space(jobs_dir).capacity;
            resources.learn(machine);
        } catch (const ExecutorError&) {  // the last measurement holds
        } catch (const ExecutorUnavailable&) {
        }
    } while (runtime::pause(stop, resources.known() ? kEvery : kUntilKnown));
}

RunnerConfig runner_config(const Config& config, const std::string& jobs_dir,
                           const OfferedResources& resources) {
    RunnerConfig out;
    out.jobs_dir = jobs_dir;
    out.provider = config.signer->address();
    out.max_input_bytes = config.max_input_bytes;
    out.limits = config.limits;
    out.total = [&resources] { return resources.total(); };
    return out;
}

DockerExecutorConfig executor_config(const Config& config, const std::string& jobs_dir) {
    DockerExecutorConfig out;
    out.jobs_dir = jobs_dir;
    out.provider = config.signer->address();
    out.images = config.images;
    out.retention.keep = config.image_keep;
    out.retention.max_bytes = config.image_max_bytes;
    out.auth_file = config.auth_file;
    out.runtime = config.runtime;
    return out;
}

/// One folder for each key and state folder: another agent on this machine must not remove it.
std::string secrets_dir(const Config& config) {
    const auto owner = crypto::sha256(as_bytes(config.signer->address().hex() + "\n" + config.state_dir));
    return config.secrets_dir + "/" + owner.hex().substr(2, 16);
}

/// The agent's access to the bus by credentials of the gateway, and the loop that keeps them valid.
struct GatewayLogin {
    GatewayLogin(const Config& config, net::Transport& http)
        : access(config.signer->address(),
                 open_login_key(config.state_dir + "/nats-" + config.signer->address().hex() + ".seed"),
                 config.state_dir + "/nats-" + config.signer->address().hex() + ".json"),
          client(http, config.gateway_url, *config.signer) {}
    BusAccess access;
    CredentialsClient client;
    std::optional<CredentialsLoop> loop{};
};

/// Null: the settings have a login.
std::unique_ptr<GatewayLogin> open_gateway_login(const Config& config, net::Transport& http) {
    return config.gateway_url.empty() ? nullptr : std::make_unique<GatewayLogin>(config, http);
}

std::optional<bus::Login> login_of(const Config& config, GatewayLogin* by_gateway) {
    return by_gateway != nullptr ? by_gateway->access.login(config.nats_url.reveal()) : config.nats_login;
}

void add_renewal(runtime::App& app, GatewayLogin* by_gateway, DetachableLoops& detachable, bus::Bus& bus,
                 const AgentTerms& terms, const telemetry::Context& context) {
    if (by_gateway != nullptr) {
        auto& loop = by_gateway->loop.emplace(by_gateway->access, by_gateway->client, bus, terms.identity,
                                              terms.job_manager, context);
        app.loop("credentials", detachable.wrap([&loop](const std::stop_token& stop) { loop.run(stop); }));
    }
}

void add_probes(runtime::App& app, const Config& config, bus::Bus& bus, DockerEngine& engine,
                ipfs::ContentStore& content, const telemetry::Log& log) {
    runtime::watch_bus(app, bus, config.nats_url);
    app.probe("docker", [&engine, log, reported = false]() mutable {
        engine.negotiate();
        if (std::exchange(reported, true)) {
            return;
        }
        try {
            log.info("container engine", {{"engine", describe_engine(engine.reports().version)}});
        } catch (const EngineError& error) {
            log.warn("container engine without a report on itself", {{"reason", error.what()}});
        }
    });
    if (!config.content.api_url.empty()) {
        app.probe("content", [&] { content.check(); });
    }
}

std::unique_ptr<rpcpool::MultiRpc> bsc_pool(const Config& config, ChainId chain, const Clock& clock,
                                            const telemetry::Log& log) {
    return std::make_unique<rpcpool::MultiRpc>(
        rpcpool::RpcConfig{.urls = config.bsc_rpc_urls, .chain = chain, .timeout = config.rpc_timeout}, clock,
        log);
}

template <class Loop>
void add_loop(runtime::App& app, const std::string& name, Loop& loop) {
    app.loop(name, [&loop](const std::stop_token& stop) { loop.run(stop); });
}

/// Waits some seconds for the first connection: the log of a job that has ended while no agent ran is
/// published once, and only to a bus that is connected. Without a bus jobs continue afterwards.
void wait_for_bus(const bus::Bus& bus, const Clock& clock, const std::stop_token& stop) {
    const Deadline end(clock, Millis(10'000));
    while (!bus.connected() && !end.passed() && clock.sleep(stop, Millis(20))) {
    }
}

void add_slots(runtime::App& app, std::size_t capacity, Runner& runner, const bus::Bus& bus,
               const Clock& clock, DetachableLoops& detachable) {
    for (std::size_t slot = 1; slot <= capacity; ++slot) {
        app.loop("slot-" + std::to_string(slot), detachable.wrap([&](const std::stop_token& stop) {
            wait_for_bus(bus, clock, stop);
            runner.serve(stop);
        }));
    }
}

/// Ends the process without destructors if a detached loop may still use the objects.
int run(runtime::App& app, const DetachableLoops& detachable) {
    const int status = app.run();
    if (detachable.detached_any()) {
        std::_Exit(status);
    }
    return status;
}

/// The settings with the machine's GPUs. Detects once: a driver that is installed later needs a restart.
Config with_gpus(Config config, const telemetry::Log& log) {
    const auto gpus = detect_gpus();
    for (const auto& gpu : gpus.found) {
        log.info("GPU found", {{"model", gpu.model},
                               {"memory_mib", gpu.memory_mib},
                               {"uuid", gpu.uuid},
                               {"driver", gpu.driver},
                               {"source", gpus.source}});
    }
    if (!gpus.fault.empty()) {
        log.warn("GPU detection failed", {{"error", gpus.fault}});
    }
    use_gpus(gpus, config);
    return config;
}

int run_agent(runtime::App& app, const Config& config) {
    const SystemClock clock;
    const auto& signer = *config.signer;
    const auto& self = signer.address();
    const auto log = app.log().with({{"provider", self.hex()}});

    make_private_dir(config.state_dir);
    const DirLock lock(config.state_dir);
    const std::string jobs_dir = config.state_dir + "/jobs";
    make_private_dir(jobs_dir);
    BscIdentity identity(config.bsc_chain_id, config.state_dir + "/bsc-chain-id");
    Journal journal(config.state_dir + "/journal", clock, log);
    FileTxQueue bsc_queue(config.state_dir + "/bsc-" + self.hex() + ".json", clock);
    FileTxQueue opbnb_queue(config.state_dir + "/opbnb-" + self.hex() + ".json", clock);
    PulledImages pulled(config.state_dir + "/pulled-images", log);
    StatusWriter statuses(signer, config.job_manager, clock);

    net::HttpClient http;
    DockerEngine engine(config.docker_host, http);
    DockerExecutor executor(executor_config(config, jobs_dir), engine, pulled, clock, log);
    SecretFiles secrets(signer, secrets_dir(config));
    ipfs::ContentStore content(config.content, http);
    ChainLearner learner(identity, bsc_endpoints(config, http), log, app.health());
    const auto open_bsc = [&](ChainId chain) { return bsc_pool(config, chain, clock, log); };
    rpcpool::MultiRpc opbnb(opbnb_config(config), clock, log);
    const auto by_gateway = open_gateway_login(config, http);
    bus::Bus bus(config.nats_url.reveal(), "lamda-node-agent", log, login_of(config, by_gateway.get()));
    const telemetry::Context context{clock, log, app.metrics(), app.health()};
    const AgentTerms terms{identity, self, config.job_manager, config.capacity, config.policy};
    StatusPublisher publisher(journal, bus, self, context);
    StatusRepeater repeater(journal, bus, statuses, terms, context);
    ProgressLoop progress(journal, statuses, clock);
    HeartbeatSequence sequence(config.state_dir + "/heartbeat-" + self.hex(), clock);
    DuplicateAgentDetector duplicates(self, random_id(), sequence.started_at(), clock, log, app.health());
    RetrySchedule retries({.give_up_after = config.retry_for}, clock);
    SettingsWatch settings(clock, log, app.health());
    OfferedResources resources(config.limits, config.overcommit);
    const DrainSwitch drain(config.drain, config.state_dir + "/drain");
    HeldBack held_back(clock);
    const JobProbe probe(config.probe, http);
    const WorkGate gate{retries, duplicates, settings, resources, drain, held_back, probe};
    HeartbeatLoop heartbeats(bus, journal, signer, terms, sequence, gate, clock, app.metrics());
    AssignmentLoop assignments(bus, journal, statuses, terms, gate, context);
    RetractLoop retractions(bus, journal, executor, terms, context);
    Runner runner(runner_config(config, jobs_dir, resources), journal, statuses, retries, executor, secrets,
                  content, bus, context);
    Janitor janitor(journal, executor, secrets, jobs_dir, clock);
    Settlement settlement(config.settlement, journal, bsc_queue, open_bsc, identity, signer, context);
    OnchainRegistration registration(config.registration, opbnb_queue, opbnb, signer, context);

    add_probes(app, config, bus, engine, content, log);
    log.info("starting", {{"capacity", config.capacity}, {"resumed", journal.active_attempts().size()}});
    using Stop = const std::stop_token&;
    DetachableLoops detachable;  // the engine, a content source or an RPC node may answer late
    app.loop("machine", detachable.wrap([&](Stop stop) { measure(stop, executor, jobs_dir, resources); }));
    add_renewal(app, by_gateway.get(), detachable, bus, terms, context);
    add_loop(app, "heartbeats", heartbeats);
    add_loop(app, "statuses", publisher);
    add_loop(app, "repeats", repeater);
    add_loop(app, "progress", progress);
    add_loop(app, "retractions", retractions);
    add_slots(app, config.capacity, runner, bus, clock, detachable);
    app.loop("interrupts", [&](Stop stop) { runner.interrupt_void(stop); });
    add_loop(app, "assignments", assignments);
    app.loop("janitor", detachable.wrap([&](Stop stop) { janitor.run(stop); }));
    app.loop("chain-id", detachable.wrap([&](Stop stop) { learner.run(stop); }));
    app.loop("settlement", detachable.wrap([&](Stop stop) { settlement.run(stop); }));
    app.loop("presence", detachable.wrap([&](Stop stop) { registration.run(stop); }));
    return run(app, detachable);
}

int serve(runtime::App& app, const Config& config) {
    return run_agent(app, with_gpus(config, app.log()));
}

/// Prints what works; 1 if something failed.
int check(const Config& config, bool json) {
    constexpr Millis kTimeout{30'000};
    net::HttpClient http;
    DockerEngine engine(config.docker_host, http);
    auto checks = agent_checks(config, http);
    checks.insert(checks.begin(), {"Docker", "check DOCKER_HOST, that the engine runs, and the group docker",
                                   [&] { return check_engine(engine, config.runtime); }});
    const auto report = run_checks(checks, kTimeout);
    const auto text =
        json ? report_json(report) + "\n" : report_table(report, terminal::screen_of(STDOUT_FILENO));
    std::fwrite(text.data(), 1, text.size(), stdout);
    std::fflush(stdout);
    const int status = report.ok() ? 0 : 1;
    if (!report.complete) {
        std::_Exit(status);  // an overdue check still uses the objects
    }
    return status;
}

/// Prints a signed measurement (docs/protocol.md, "Benchmark"), as JSON in any case.
int benchmark(const Config& config, bool) {
    const SystemClock clock;
    net::HttpClient http;
    const auto domain = wire::market_domain(market_chain(config, http), config.job_manager);
    wire::Benchmark out{
        config.signer->address(), {}, result_of(measure_machine(config, http, {}, clock)), {}};
    out.at = clock.now();
    const auto text = wire::to_json(wire::sign_benchmark(out, domain, *config.signer)) + "\n";
    std::fwrite(text.data(), 1, text.size(), stdout);
    return 0;
}

}  // namespace
}  // namespace lamda::agent

int main(int argc, char** argv) {
    return lamda::runtime::service_main<lamda::agent::Config>(
        argc, argv, "node-agent", "runs a provider's jobs in containers", lamda::agent::read_config,
        lamda::agent::serve,
        {{"--check",
          "Check all that the agent needs, print what to do, and exit: 0 if nothing failed, else 1",
          lamda::agent::check},
         {"--benchmark", "Measure this machine for at most half a minute, print the signed result, and exit",
          lamda::agent::benchmark}});
}
