// lamda-node-agent: runs a provider's jobs. The only file that names concrete adapters.
#include <cstdlib>

#include "eth/rpc_client.hpp"
#include "net/http_client.hpp"
#include "rpcpool/multi_rpc.hpp"
#include "runtime/app.hpp"
#include "runtime/readiness.hpp"
#include "services/node-agent/bus/assignment_loop.hpp"
#include "services/node-agent/bus/detachable_loop.hpp"
#include "services/node-agent/bus/heartbeat_loop.hpp"
#include "services/node-agent/bus/retract_loop.hpp"
#include "services/node-agent/bus/status_repeater.hpp"
#include "services/node-agent/config.hpp"
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

RunnerConfig runner_config(const Config& config, const std::string& jobs_dir) {
    RunnerConfig out;
    out.jobs_dir = jobs_dir;
    out.provider = config.signer->address();
    out.max_input_bytes = config.max_input_bytes;
    out.limits = config.limits;
    return out;
}

DockerExecutorConfig executor_config(const Config& config, const std::string& jobs_dir) {
    DockerExecutorConfig out;
    out.jobs_dir = jobs_dir;
    out.provider = config.signer->address();
    out.images = config.images;
    return out;
}

void add_probes(runtime::App& app, const Config& config, bus::Bus& bus, DockerEngine& engine,
                ipfs::ContentStore& content) {
    runtime::watch_bus(app, bus, config.nats_url);
    app.probe("docker", [&] { engine.negotiate(); });
    if (!config.content.api_url.empty()) {
        app.probe("content", [&] { content.check(); });
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
    ipfs::ContentStore content(config.content, http);
    ChainLearner learner(identity, bsc_endpoints(config, http), log, app.health());
    const auto open_bsc = [&](ChainId chain) {
        return std::make_unique<rpcpool::MultiRpc>(
            rpcpool::RpcConfig{.urls = config.bsc_rpc_urls, .chain = chain, .timeout = config.rpc_timeout},
            clock, log);
    };
    rpcpool::MultiRpc opbnb(opbnb_config(config), clock, log);
    bus::Bus bus(config.nats_url.reveal(), "lamda-node-agent", log, config.nats_login);

    const telemetry::Context context{clock, log, app.metrics(), app.health()};
    const AgentTerms terms{identity, self, config.job_manager, config.capacity, config.policy};
    StatusPublisher publisher(journal, bus, self, context);
    StatusRepeater repeater(journal, bus, statuses, terms, context);
    ProgressLoop progress(journal, statuses, clock);
    HeartbeatSequence sequence(config.state_dir + "/heartbeat-" + self.hex(), clock);
    DuplicateAgentDetector duplicates(self, random_id(), sequence.started_at(), clock, log, app.health());
    RetrySchedule retries({.give_up_after = config.retry_for}, clock);
    SettingsWatch settings(clock, log, app.health());
    const WorkGate gate{retries, duplicates, settings};
    HeartbeatLoop heartbeats(bus, journal, signer, terms, sequence, gate, clock, app.metrics());
    AssignmentLoop assignments(bus, journal, statuses, terms, gate, context);
    RetractLoop retractions(bus, journal, executor, self, log, app.metrics(), app.health());
    Runner runner(runner_config(config, jobs_dir), journal, statuses, retries, executor, content, bus,
                  context);
    Janitor janitor(journal, executor, jobs_dir, clock);
    Settlement settlement(config.settlement, journal, bsc_queue, open_bsc, identity, signer, context);
    OnchainRegistration registration(config.registration, opbnb_queue, opbnb, signer, context);

    add_probes(app, config, bus, engine, content);
    log.info("starting", {{"capacity", config.capacity}, {"resumed", journal.active_attempts().size()}});
    using Stop = const std::stop_token&;
    DetachableLoops detachable;  // the engine, a content source or an RPC node may answer late
    app.loop("heartbeats", [&](Stop stop) { heartbeats.run(stop); });
    app.loop("statuses", [&](Stop stop) { publisher.run(stop); });
    app.loop("repeats", [&](Stop stop) { repeater.run(stop); });
    app.loop("progress", [&](Stop stop) { progress.run(stop); });
    app.loop("retractions", [&](Stop stop) { retractions.run(stop); });
    for (std::size_t slot = 1; slot <= config.capacity; ++slot) {
        app.loop("slot-" + std::to_string(slot), detachable.wrap([&](Stop stop) { runner.serve(stop); }));
    }
    app.loop("interrupts", [&](Stop stop) { runner.interrupt_void(stop); });
    app.loop("assignments", [&](Stop stop) { assignments.run(stop); });
    app.loop("janitor", detachable.wrap([&](Stop stop) { janitor.run(stop); }));
    app.loop("chain-id", detachable.wrap([&](Stop stop) { learner.run(stop); }));
    app.loop("settlement", detachable.wrap([&](Stop stop) { settlement.run(stop); }));
    app.loop("presence", detachable.wrap([&](Stop stop) { registration.run(stop); }));
    return run(app, detachable);
}

int serve(runtime::App& app, const Config& config) {
    return run_agent(app, with_gpus(config, app.log()));
}

}  // namespace
}  // namespace lamda::agent

int main(int argc, char** argv) {
    return lamda::runtime::service_main<lamda::agent::Config>(argc, argv, "node-agent",
                                                              "runs a provider's jobs in containers",
                                                              lamda::agent::read_config, lamda::agent::serve);
}
