// How fast each service is ready, and how much memory it holds when idle. One line a figure: name value unit
// (target).
#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <string>

#include "localnet/network.hpp"
#include "testkit/process.hpp"

using namespace lamda;

namespace {

constexpr int kRuns = 9;
constexpr double kStartTargetMs = 150;
constexpr double kMemoryTargetMib = 20;

double median(std::vector<double> values) {
    std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2),
                     values.end());
    return values[values.size() / 2];
}

/// Private_Clean + Private_Dirty of /proc/<pid>/smaps_rollup, in MiB.
double private_memory(pid_t pid) {
    std::ifstream in(fmt::format("/proc/{}/smaps_rollup", pid));
    double kib = 0;
    for (std::string line; std::getline(in, line);) {
        if (line.starts_with("Private_Clean:") || line.starts_with("Private_Dirty:")) {
            kib += std::stod(line.substr(line.find(':') + 1));
        }
    }
    return kib / 1024;
}

double start_once(localnet::Network& network, const std::string& name) {
    const auto before = std::chrono::steady_clock::now();
    network.start_service(name);
    while (!network.ready(name)) {
        if (std::chrono::steady_clock::now() - before > std::chrono::seconds(30)) {
            throw std::runtime_error(name + " is not ready: " + network.readiness(name));
        }
    }
    return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - before).count();
}

void report(const std::string& name, double value, const std::string& unit, const std::string& target) {
    fmt::print("{:<36} {:>10.1f} {:<5} ({})\n", name, value, unit, target);
}

}  // namespace

int main() {
    testkit::TempDir dir("bench");
    localnet::NetworkConfig config;
    config.dir = dir.path();
    config.executables = testkit::binary_dir() + "/bin";
    localnet::Network network(config, [](const std::string&) {});
    for (const char* name : {"node-registry", "job-dispatcher", "reputation", "api-gateway"}) {
        std::vector<double> starts;
        start_once(network, name);  // migrations and the first blocks are not what is measured
        for (int i = 0; i < kRuns; ++i) {
            network.stop_service(name);
            starts.push_back(start_once(network, name));
        }
        report(fmt::format("start_{}", name), median(starts), "ms",
               fmt::format("target ≤ {} ms, median of {}", kStartTargetMs, kRuns));
        report(fmt::format("idle_memory_{}", name), private_memory(network.pid_of(name)), "MiB",
               fmt::format("target ≤ {} MiB, private", kMemoryTargetMib));
    }
    return 0;
}
