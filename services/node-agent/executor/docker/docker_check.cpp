#include "services/node-agent/executor/docker/docker_check.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "services/node-agent/executor/docker/engine_answer.hpp"

namespace lamda::agent {

using Json = nlohmann::json;

namespace {

/// Reports of an engine that keeps images in containerd: their ids and sizes differ, all else works alike.
bool has_containerd_store(const Json& info) {
    const auto status = info.value("DriverStatus", Json::array());
    return status.is_array() &&
           std::find(status.begin(), status.end(), Json({"driver-type", "io.containerd.snapshotter.v1"})) !=
               status.end();
}

Finding judge_limits(const Json& info) {
    struct Limit {
        const char* key;
        const char* name;
    };
    std::string present;
    std::string missing;
    for (const auto& [key, name] :
         {Limit{"MemoryLimit", "memory"}, Limit{"CpuCfsQuota", "cpu"}, Limit{"PidsLimit", "pids"}}) {
        const auto found = info.find(key);
        // Podman does not report all of them; it has them with cgroup 2.
        const bool has = found == info.end() || *found == true;
        auto& list = has ? present : missing;
        list += (list.empty() ? "" : ", ") + std::string(name);
    }
    constexpr auto kName = "Docker limits";
    return missing.empty() ? Finding{kName, CheckResult::kOk, present}
                           : Finding{kName, CheckResult::kFailed, "the engine cannot limit " + missing,
                                     "enable these cgroup controllers in the kernel: without them a job can "
                                     "exhaust the machine"};
}

}  // namespace

std::vector<Finding> judge_engine(const std::string& version, const std::string& info,
                                  const std::string& runtime) {
    const auto about = parse_answer(version);
    const auto facts = parse_answer(info);
    std::vector<Finding> out{
        {"Docker", CheckResult::kOk,
         fmt::format("version {}, API {}, {}{}", about.value("Version", "unknown"),
                     about.value("ApiVersion", "unknown"), facts.value("Driver", "unknown driver"),
                     has_containerd_store(facts) ? ", containerd image store" : "")}};
    out.push_back(judge_limits(facts));
    if (!runtime.empty()) {
        const auto runtimes = facts.value("Runtimes", Json::object());
        out.push_back(runtimes.contains(runtime)
                          ? Finding{"Docker runtime", CheckResult::kOk, runtime}
                          : Finding{"Docker runtime", CheckResult::kFailed, "the engine lacks " + runtime,
                                    "install the runtime and add it to the engine's daemon.json, or change "
                                    "AGENT_RUNTIME: every job is refused"});
    }
    return out;
}

std::vector<Finding> check_engine(DockerEngine& engine, const std::string& runtime) {
    const auto reports = engine.reports();
    auto out = judge_engine(reports.version, reports.info, runtime);
    out.push_back(engine.has_bridge() ? Finding{"Docker network", CheckResult::kOk, "bridge"}
                                      : Finding{"Docker network", CheckResult::kWarning,
                                                "no bridge: jobs that request a network are refused",
                                                "run the engine with its default bridge to take such jobs"});
    return out;
}

}  // namespace lamda::agent
