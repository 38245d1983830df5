#include "services/node-agent/executor/docker/docker_check.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "services/node-agent/executor/docker/engine_answer.hpp"

namespace lamda::agent {

using Json = nlohmann::json;

namespace {

constexpr std::string_view kPodman = "Podman Engine";

/// Version of podman behind its Docker-compatible socket; empty: another engine.
std::string podman_version(const Json& about) {
    for (const auto& component : about.value("Components", Json::array())) {
        if (component.is_object() && component.value("Name", "") == kPodman) {
            return component.value("Version", "unknown");
        }
    }
    return "";
}

/// True if the engine's processes are not root's: then limits, owners of files and mounts differ.
bool is_rootless(const Json& info) {
    const auto options = info.value("SecurityOptions", Json());
    return options.is_array() && std::find(options.begin(), options.end(), "name=rootless") != options.end();
}

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

std::string describe_engine(const std::string& version) {
    const auto about = parse_answer(version);
    const auto api = about.value("ApiVersion", "unknown");
    const auto podman = podman_version(about);
    return podman.empty() ? fmt::format("Docker {}, API {}", about.value("Version", "unknown"), api)
                          : fmt::format("Podman {} by its Docker-compatible API {}", podman, api);
}

std::vector<Finding> judge_engine(const std::string& version, const std::string& info,
                                  const std::string& runtime) {
    const auto facts = parse_answer(info);
    std::vector<Finding> out{
        {"Docker", CheckResult::kOk,
         fmt::format("{}, {}{}", describe_engine(version), facts.value("Driver", "unknown driver"),
                     has_containerd_store(facts) ? ", containerd image store" : "")}};
    out.push_back(judge_limits(facts));
    if (is_rootless(facts)) {
        out.push_back({"Docker root", CheckResult::kWarning, "the engine runs without root",
                       "jobs may fail to start or to write /output: use an engine that runs as root"});
    }
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
