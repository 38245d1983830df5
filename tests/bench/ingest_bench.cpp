// Benchmark of ingestion from a chain's logs to rows: the real dispatcher, compared with the floor and with
// Ponder. Prints one line for each figure: name value unit (target).
//
//   lamda-bench-ingest --executables DIR --build NAME [--logs N] [--runs N] [--no-growth] [--peer]
#include <fmt/format.h>

#include "arguments.hpp"
#include "ingest_scene.hpp"
#include "report.hpp"

using namespace lamda;
using namespace lamda::bench;

namespace {

struct Options {
    std::string executables;
    std::string build = "of --executables";
    std::uint64_t logs = 100'000;
    int runs = 5;
    bool no_growth = false;
    bool peer = false;
};

constexpr std::uint64_t kPerBlock = 100;
constexpr std::uint64_t kGrowth = 10;
constexpr double kMostRatio = 1.5;
constexpr double kMostGrowth = 1.2;
constexpr double kMostMemoryMib = 64;
constexpr double kLeastTimesFaster = 25;

struct Measured {
    double seconds = 0;
    double ratio = 0;
    double copy_seconds = 0;  ///< of the floor
};

Measured against_floor(IngestScene& scene, const Options& options) {
    const auto floor = scene.learn_floor();
    std::vector<double> ratios;
    std::vector<double> seconds;
    std::vector<double> cpu_seconds;
    std::vector<double> downloads;
    std::vector<double> copies;
    for (int i = 0; i < options.runs; ++i) {
        const auto below = scene.run_floor(floor);
        const auto ours = scene.run_dispatcher();
        ratios.push_back(ours.seconds / (below.download + below.copy));
        seconds.push_back(ours.seconds);
        cpu_seconds.push_back(ours.cpu_seconds);
        downloads.push_back(below.download);
        copies.push_back(below.copy);
    }
    report(
        "ingest_floor_download", median(downloads), "s",
        fmt::format("no target: {} requests, {:.1f} MB, {} connections, libcurl", floor.asked.bodies.size(),
                    static_cast<double>(floor.bytes) / 1e6, floor.asked.connections));
    report("ingest_floor_copy", median(copies), "s", "no target: COPY of the same rows into all indexes");
    report("ingest_time", median(seconds), "s",
           fmt::format("no target: {} logs, {} a block, build {}", scene.logs(), kPerBlock, options.build));
    report("ingest_cpu", median(cpu_seconds), "s",
           "no target: processor time of the dispatcher; two builds compare by it on a busy machine");
    return {median(seconds), median(ratios), median(copies)};
}

int measure(const Options& options) {
    IngestScene scene(options.executables);
    report("ingest_huge_pages", static_cast<double>(scene.huge_mib()), "MiB",
           "no target: for PostgreSQL's shared memory; 0: the machine gave none");
    scene.make_logs(options.logs, kPerBlock);
    const auto small = against_floor(scene, options);
    report("ingest", small.ratio, "x",
           fmt::format("target ≤ {} x the floor, median of {}", kMostRatio, options.runs));
    if (options.peer) {
        const double peer = scene.run_peer();
        report("ingest_peer_time", peer, "s", "no target: Ponder, same node and PostgreSQL");
        report("ingest_peer", peer / small.seconds, "x",
               fmt::format("target ≥ {} x faster than Ponder", kLeastTimesFaster));
    }
    if (!options.no_growth) {
        scene.make_logs(options.logs * (kGrowth - 1), kPerBlock);
        const auto large = scene.run_dispatcher();
        const double growth = large.seconds / small.seconds / static_cast<double>(kGrowth);
        report("ingest_growth_time", large.seconds, "s", fmt::format("no target: {} logs", scene.logs()));
        report("ingest_growth", growth, "x",
               fmt::format("target ≤ {} x the time per log of {} logs", kMostGrowth, options.logs));
        report("ingest_floor_growth", scene.copy_again() / small.copy_seconds / static_cast<double>(kGrowth),
               "x", "no target: the same of the bare COPY into all indexes");
        report("ingest_memory", large.peak_mib, "MiB",
               fmt::format("target ≤ {} MiB, private, peak over {} logs", kMostMemoryMib, scene.logs()));
    }
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    Options options;
    CLI::App app("Measures ingestion; prints one line for each figure: name value unit (target)");
    app.add_option("--executables", options.executables, "folder of lamda-job-dispatcher")->required();
    app.add_option("--build", options.build, "name of their build in the output");
    app.add_option("--logs", options.logs, "logs to ingest");
    app.add_option("--runs", options.runs, "number of runs; the median is reported")
        ->check(CLI::PositiveNumber);
    app.add_flag("--no-growth", options.no_growth, "skip the run with ten times as many logs");
    app.add_flag("--peer", options.peer, "also Ponder (installed by tests/bench/ponder/install.sh)");
    if (const auto status = lamda::bench::parse(app, argc, argv)) {
        return *status;
    }
    try {
        return measure(options);
    } catch (const std::exception& error) {
        fmt::print(stderr, "{}\n", error.what());
        return 1;
    }
}
