// Benchmark of the agent's own cost: a trivial job by the agent, compared with the same container by bare
// calls of the Docker Engine API on the same engine. Prints one line for each figure: name value unit
// (target).
//
//   lamda-bench-agent --executables DIR --build NAME [--pairs N] [--jobs N]
#include <fmt/format.h>

#include <condition_variable>
#include <filesystem>
#include <mutex>

#include "arguments.hpp"
#include "bare_bus.hpp"
#include "bus/bus.hpp"
#include "chain_server.hpp"
#include "crypto/signer.hpp"
#include "pairs.hpp"
#include "process_cpu.hpp"
#include "report.hpp"
#include "services/node-agent/executor/docker/container_plan.hpp"
#include "testkit/server_process.hpp"
#include "testkit/servers.hpp"
#include "wire/messages.hpp"
#include "wire/subjects.hpp"

using namespace lamda;
using namespace lamda::bench;

namespace {

constexpr ChainId kBsc{97};
constexpr ChainId kOpbnb{5611};
constexpr auto kImage = "lamda/busybox:1.35";
constexpr std::chrono::seconds kPatience{120};

struct Options {
    std::string executables;
    std::string build = "of --executables";
    int pairs = 4;
    int jobs = 5;
};

/// Waits for the final status of a job.
class FinalStatus {
  public:
    explicit FinalStatus(bus::Bus& bus)
        : subscription_(bus.subscribe(wire::kAllStatuses, "", [this](const bus::Message& message) {
              const auto status = wire::parse_status(message.body);
              if (status && status->status != wire::StatusKind::kAccepted &&
                  status->status != wire::StatusKind::kRunning) {
                  const std::lock_guard lock(mutex_);
                  last_ = *status;
                  changed_.notify_all();
              }
          })) {}
    /// @throws std::runtime_error if the job fails, or ends not in time
    void wait(const JobId& job) {
        std::unique_lock lock(mutex_);
        const bool ended = changed_.wait_for(lock, kPatience, [&] { return last_ && last_->job_id == job; });
        if (!ended || last_->status != wire::StatusKind::kCompleted) {
            throw std::runtime_error("the agent did not complete a job" +
                                     (ended ? ": " + last_->error_message.value_or("") : ""));
        }
    }

  private:
    std::mutex mutex_;
    std::condition_variable changed_;
    std::optional<wire::JobStatus> last_;
    bus::Subscription subscription_;
};

class Scene {
  public:
    explicit Scene(const Options& options) : options_(options) {
        testkit::wait_until([&] { return bus_.connected(); });
        using Retention = bus::StreamSpec::Retention;
        bus_.ensure_stream({wire::kJobsStream, {"jobs.dispatch.*"}, Retention::kWorkQueue});
        bus_.ensure_stream({wire::kRetractStream, {"jobs.retract.*"}, Retention::kWorkQueue});
        bus_.ensure_stream({wire::kStatusStream, {"jobs.status.*"}});
        bus_.ensure_stream({wire::kLogsStream, {"jobs.logs.*.*"}});
        const auto provider = signer_->address();
        const auto durable = wire::durable_of(provider);
        bus_.ensure_durable(wire::kJobsStream, durable, wire::dispatch_subject(provider), Millis(30'000));
        bus_.ensure_durable(wire::kRetractStream, durable, wire::retract_subject(provider), Millis(30'000));
        start_agent();
    }

    struct Cost {
        double seconds = 0;
        double agent_cpu = 0;
        double engine_cpu = 0;
        double cpu() const { return agent_cpu + engine_cpu; }
    };
    /// Cost of one job, from `jobs` of them one after the other.
    Cost measure(int jobs, const std::function<void()>& run) {
        const double begin = now_seconds();
        const double agent = cpu_of_processes({"lamda-node-agen"});
        const double engine = engine_cpu();
        for (int i = 0; i < jobs; ++i) {
            run();
        }
        return {(now_seconds() - begin) / jobs, (cpu_of_processes({"lamda-node-agen"}) - agent) / jobs,
                (engine_cpu() - engine) / jobs};
    }

    void run_by_agent() {
        const auto assignment = next_job();
        publisher_.publish({wire::dispatch_subject(assignment.provider),
                            wire::dispatch_message_id(assignment.job_id, 1), wire::to_json(assignment)});
        statuses_.wait(assignment.job_id);
    }

    void run_bare() {
        const agent::JobDirs dirs(dir_.path() + "/bare");
        std::filesystem::create_directories(dirs.output());
        const auto assignment = next_job();
        auto container = agent::plan_container(assignment, {kImage, {}, {}}, dirs);
        container.image = kImage;
        container.labels.clear();       // the agent would take it for its own
        container.max_layer_bytes = 0;  // the storage driver of the private engine has no quotas
        call("POST", "/containers/create?name=" + container.name, 201, agent::create_body(container));
        call("POST", "/containers/" + container.name + "/start", 204);
        call("POST", "/containers/" + container.name + "/wait", 200);
        call("DELETE", "/containers/" + container.name, 204);
    }

  private:
    static double engine_cpu() {
        return cpu_of_processes({"dockerd", "containerd", "containerd-shim", "runc"});
    }

    void start_agent() {
        const int port = testkit::free_port();
        const std::string log = dir_.path() + "/agent.log";
        testkit::ProcessSpec spec;
        spec.argv = {std::filesystem::absolute(options_.executables).string() + "/lamda-node-agent"};
        spec.env = {{"AGENT_PRIVATE_KEY", testkit::dev_key(1)},
                    {"AGENT_STATE_DIR", dir_.path() + "/state"},
                    {"NATS_URL", nats_.url()},
                    {"DOCKER_HOST", docker_.host()},
                    {"AGENT_LOCAL_IMAGES", kImage},
                    {"IPFS_API_URL", store_.url()},
                    {"BSC_RPC_URL", bsc_.url()},
                    {"OPBNB_RPC_URL", opbnb_.url()},
                    {"BSC_CHAIN_ID", std::to_string(kBsc.value)},
                    {"OPBNB_CHAIN_ID", std::to_string(kOpbnb.value)},
                    {"JOB_MANAGER_CONTRACT_ADDRESS", contract_.hex()},
                    {"NODE_REPUTATION_CONTRACT_ADDRESS", contract_.hex()},
                    {"HEARTBEAT_INTERVAL", "0s"},
                    {"METRICS_PORT", std::to_string(port)}};
        spec.cwd = dir_.path();
        spec.log_file = log;
        agent_.emplace(std::move(spec));
        testkit::wait_ready("lamda-node-agent", *agent_, log, [&] {
            return testkit::accepts_connections(port) &&
                   testkit::plain_http("GET", port, "", "/readyz", "", "").status == 200;
        });
    }

    wire::Assignment next_job() {
        wire::Assignment out;
        out.job_id = random_bytes32().as<JobId>();
        out.provider = signer_->address();
        out.docker_image = kImage;
        out.command = {"true"};
        out.requirements.memory_mib = 64;
        out.requirements.disk_mib = 8;
        out.requirements.time_limit_seconds = 600;
        out.chain_id = kBsc;
        out.job_manager = contract_;
        out.block_number = BlockNum{1};
        return out;
    }

    void call(const std::string& method, const std::string& path, int wanted, const std::string& body = "") {
        const auto socket = docker_.host().substr(std::string_view("unix://").size());
        const auto answer = testkit::plain_http(method, 0, socket, path, "application/json", body);
        if (answer.status != wanted) {
            throw std::runtime_error("the engine answered " + std::to_string(answer.status) + ": " +
                                     answer.body);
        }
    }

    Options options_;
    testkit::TempDir dir_{"bench_agent"};
    testkit::NatsServer nats_{dir_.path() + "/nats"};
    testkit::DockerEngine docker_{dir_.path() + "/d"};
    testkit::ContentStore store_{dir_.path() + "/content"};
    Address contract_ = Address::parse("0x00000000000000000000000000000000000000aa").value();
    ChainServer bsc_{kBsc, contract_};
    ChainServer opbnb_{kOpbnb, contract_};
    std::unique_ptr<crypto::LocalSigner> signer_ = crypto::LocalSigner::from_hex(testkit::dev_key(1)).value();
    bus::Bus bus_{nats_.url(), "bench", telemetry::Log::none()};
    BareBus publisher_{nats_.url()};
    FinalStatus statuses_{bus_};
    std::optional<testkit::Process> agent_;
};

void report_ratio(const std::string& name, const Pairs& pairs, const std::string& what) {
    report(name, pairs.median(), "x",
           fmt::format("no target: {}; {} pairs, {:.2f} to {:.2f}", what, pairs.size(), pairs.least(),
                       pairs.most()));
}

void measure(const Options& options) {
    Scene scene(options);
    const auto by_agent = [&] { scene.run_by_agent(); };
    const auto bare = [&] { scene.run_bare(); };
    scene.measure(1, by_agent);
    scene.measure(1, bare);
    Pairs time;
    Pairs cpu;
    std::vector<double> agent_seconds;
    std::vector<double> bare_seconds;
    std::vector<double> agent_cpu;
    for (int i = 0; i < options.pairs; ++i) {
        const auto reference = scene.measure(options.jobs, bare);
        const auto ours = scene.measure(options.jobs, by_agent);
        time.add(ours.seconds, reference.seconds);
        cpu.add(ours.cpu(), reference.cpu());
        agent_seconds.push_back(ours.seconds * 1'000);
        bare_seconds.push_back(reference.seconds * 1'000);
        agent_cpu.push_back(ours.agent_cpu * 1'000);
    }
    report("agent_job_time", median(agent_seconds), "ms",
           fmt::format("no target: busybox true, assignment stored → `completed` received, build {}",
                       options.build));
    report("agent_bare_time", median(bare_seconds), "ms",
           "no target: the same container created, started, waited for, removed");
    report("agent_job_cpu", median(agent_cpu), "ms", "no target: processor time of the agent, a job");
    report_ratio("agent_time_ratio", time, "time of a job over that of the bare calls");
    report_ratio("agent_cpu_ratio", cpu,
                 "processor time of agent and engine over the engine's for bare calls");
}

}  // namespace

int main(int argc, char** argv) {
    Options options;
    CLI::App app(
        "Measures the agent's cost of a job; prints one line for each figure: name value unit (target)");
    app.add_option("--executables", options.executables, "folder of lamda-node-agent")->required();
    app.add_option("--build", options.build, "name of their build in the output");
    app.add_option("--pairs", options.pairs, "pairs of agent and bare calls")->check(CLI::PositiveNumber);
    app.add_option("--jobs", options.jobs, "jobs of each half of a pair")->check(CLI::PositiveNumber);
    if (const auto status = lamda::bench::parse(app, argc, argv)) {
        return *status;
    }
    try {
        measure(options);
    } catch (const std::exception& error) {
        fmt::print(stderr, "{}\n", error.what());
        return 1;
    }
    return 0;
}
