// Benchmark of sending from intents in the ledger to transactions that a node has: the real sender, compared
// with the bare sending of pre-signed transactions. Prints one line for each figure: name value unit
// (target).
//
//   lamda-bench-send [--intents N] [--runs N]
#include <fmt/format.h>

#include <algorithm>

#include "arguments.hpp"
#include "pairs.hpp"
#include "report.hpp"
#include "send_scene.hpp"

using namespace lamda;
using namespace lamda::bench;

namespace {

constexpr std::size_t kInBatch = 100;
constexpr double kMostRatio = 1.5;

struct Options {
    std::size_t intents = 10'000;
    int runs = 3;
};

class Scene {
  public:
    explicit Scene(const Options& options) : options_(options) {}

    void run() {
        std::vector<double> floors;
        std::vector<double> accepted;
        std::vector<double> done;
        Pairs pairs;
        for (int i = 0; i < options_.runs; ++i) {
            floors.push_back(bare(options_.intents, kInBatch));
            SendNode node(fresh_folder());
            const auto sent = send_by_ledger(node, postgres_.create_database(fresh_name()), options_.intents);
            accepted.push_back(sent.accepted);
            done.push_back(sent.done);
            pairs.add(sent.accepted, floors.back());
        }
        report(
            "send_floor_time", median(floors), "s",
            fmt::format("no target: {} signed transactions, JSON-RPC batches of {}, one connection, libcurl",
                        options_.intents, kInBatch));
        const auto few = std::max<std::size_t>(options_.intents / 10, 1);
        report("send_floor_single_time",
               bare(few, 1) * static_cast<double>(options_.intents) / static_cast<double>(few), "s",
               fmt::format("no target: the same, one request each, from {}", few));
        report("send_time", median(accepted), "s",
               fmt::format("no target: {} intents, until the node has them", options_.intents));
        report("send_done_time", median(done), "s", "no target: until each is known to be final");
        report_pairs("send", pairs, {Target::Bound::kAtMost, kMostRatio}, "the floor");
    }

  private:
    std::string fresh_name() { return fmt::format("send_{}", ++count_); }
    std::string fresh_folder() { return dir_.path() + "/" + fresh_name(); }
    double bare(std::size_t count, std::size_t in_batch) {
        SendNode node(fresh_folder());
        return send_bare(node, count, in_batch);
    }

    Options options_;
    testkit::TempDir dir_{"bench_send"};
    testkit::PostgresServer postgres_{
        dir_.path() + "/postgres", true, {"shared_buffers=1GB", "max_wal_size=4GB"}};
    int count_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
    Options options;
    CLI::App app("Measures sending; prints one line for each figure: name value unit (target)");
    app.add_option("--intents", options.intents, "intents to send")->check(CLI::PositiveNumber);
    app.add_option("--runs", options.runs, "pairs of floor and sender")->check(CLI::PositiveNumber);
    if (const auto status = lamda::bench::parse(app, argc, argv)) {
        return *status;
    }
    try {
        Scene(options).run();
    } catch (const std::exception& error) {
        fmt::print(stderr, "{}\n", error.what());
        return 1;
    }
    return 0;
}
