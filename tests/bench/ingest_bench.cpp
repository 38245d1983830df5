// Benchmark of ingestion from a chain's logs to rows: the real dispatcher, compared with the floor and with
// Ponder. Prints one line for each figure: name value unit (target).
//
//   lamda-bench-ingest --executables DIR --build NAME [--logs N] [--pairs N] [--few-pairs N] [--no-growth]
//   [--peer]
#include <fmt/format.h>

#include <algorithm>

#include "arguments.hpp"
#include "ingest_scene.hpp"
#include "pairs.hpp"
#include "report.hpp"

using namespace lamda;
using namespace lamda::bench;

namespace {

struct Options {
    std::string executables;
    std::string build = "of --executables";
    std::uint64_t logs = 100'000;
    int pairs = 5;
    int few_pairs = 3;
    bool no_growth = false;
    bool peer = false;
};

constexpr std::uint64_t kPerBlock = 100;
constexpr std::uint64_t kGrowth = 10;
constexpr double kMostRatio = 1.5;
constexpr double kMostGrowth = 1.2;
constexpr double kMostMemoryMib = 64;
constexpr double kLeastTimesFaster = 25;

void against_floor(IngestScene& scene, const Options& options) {
    const auto floor = scene.learn_floor();
    Pairs pairs;
    std::vector<double> seconds;
    std::vector<double> cpu_seconds;
    std::vector<double> downloads;
    std::vector<double> copies;
    for (int i = 0; i < options.pairs; ++i) {
        const auto below = scene.run_floor(floor);
        const auto ours = scene.run_dispatcher();
        pairs.add(ours.seconds, below.download + below.copy);
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
    report_pairs("ingest", pairs, {Target::Bound::kAtMost, kMostRatio}, "the floor");
}

void against_peer(IngestScene& scene, const Options& options) {
    Pairs pairs;
    std::vector<double> seconds;
    for (int i = 0; i < options.few_pairs; ++i) {
        const auto ours = scene.run_dispatcher();
        seconds.push_back(scene.run_peer());
        pairs.add(seconds.back(), ours.seconds);
    }
    report("ingest_peer_time", median(seconds), "s", "no target: Ponder, same node and PostgreSQL");
    report_pairs("ingest_peer", pairs, {Target::Bound::kAtLeast, kLeastTimesFaster}, "the speed of Ponder");
}

/// Time per log of ten times as many logs, against the time per log of the newest tenth.
void growth(IngestScene& scene, const Options& options) {
    scene.make_logs(options.logs * (kGrowth - 1), kPerBlock);
    Pairs pairs;
    Pairs floor;
    std::vector<double> seconds;
    double peak_mib = 0;
    for (int i = 0; i < options.few_pairs; ++i) {
        const auto small = scene.run_newest(options.logs);
        const double small_copy = scene.copy_again();
        const auto large = scene.run_dispatcher();
        const double large_copy = scene.copy_again();
        pairs.add(large.seconds / static_cast<double>(kGrowth), small.seconds);
        floor.add(large_copy / static_cast<double>(kGrowth), small_copy);
        seconds.push_back(large.seconds);
        peak_mib = std::max(peak_mib, large.peak_mib);
    }
    report("ingest_growth_time", median(seconds), "s", fmt::format("no target: {} logs", scene.logs()));
    report_pairs("ingest_growth", pairs, {Target::Bound::kAtMost, kMostGrowth},
                 fmt::format("the time per log of {} logs", options.logs));
    report("ingest_floor_growth", floor.median(), "x",
           fmt::format("no target: the same of the bare COPY into all indexes; {:.2f} to {:.2f}",
                       floor.least(), floor.most()));
    report("ingest_memory", peak_mib, "MiB",
           fmt::format("target ≤ {} MiB, private, peak over {} logs", kMostMemoryMib, scene.logs()));
}

int measure(const Options& options) {
    IngestScene scene(options.executables);
    report("ingest_huge_pages", static_cast<double>(scene.huge_mib()), "MiB",
           "no target: for PostgreSQL's shared memory; 0: the machine gave none");
    scene.make_logs(options.logs, kPerBlock);
    against_floor(scene, options);
    if (options.peer) {
        against_peer(scene, options);
    }
    if (!options.no_growth) {
        growth(scene, options);
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
    app.add_option("--pairs", options.pairs, "pairs of floor and dispatcher")->check(CLI::PositiveNumber);
    app.add_option("--few-pairs", options.few_pairs, "pairs of the slow measurements: the peer, the growth")
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
