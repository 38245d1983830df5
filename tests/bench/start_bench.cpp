// Benchmark of service starts: time until ready, and memory when idle. Prints one line for each figure: name
// value unit (target).
#include <fmt/format.h>

#include <string>

#include "arguments.hpp"
#include "localnet/network.hpp"
#include "report.hpp"
#include "testkit/process.hpp"

using namespace lamda;
using namespace lamda::bench;

namespace {

constexpr int kRuns = 9;
constexpr double kStartTargetMs = 150;
constexpr double kMemoryTargetMib = 20;

double start_once(localnet::Network& network, const std::string& name) {
    const double before = now_seconds();
    network.start_service(name);
    while (!network.ready(name)) {
        if (now_seconds() - before > 30) {
            throw std::runtime_error(name + " is not ready: " + network.readiness(name));
        }
    }
    return (now_seconds() - before) * 1'000;
}

}  // namespace

int main(int argc, char** argv) {
    CLI::App app("Measures starts; prints one line for each figure: name value unit (target)");
    if (const auto status = lamda::bench::parse(app, argc, argv)) {
        return *status;
    }
    testkit::TempDir dir("bench");
    localnet::NetworkConfig config;
    config.dir = dir.path();
    config.executables = testkit::binary_dir() + "/bin";
    localnet::Network network(config, [](const std::string&) {});
    for (const char* name : {"node-registry", "job-dispatcher", "reputation", "api-gateway"}) {
        std::vector<double> starts;
        start_once(network, name);  // migrations and the first blocks are not measured
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
