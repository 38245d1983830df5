// chain_sim: the real stream and projector with a real PostgreSQL, reading a simulated network of faulty
// endpoints.
//
//   chain_sim --seeds 1..2000 --budget 300s    until all have run, or the time is up
//   chain_sim --seed 17 --verbose              one seed, with each exchange
//
// Exit status 0: no seed failed; 1: a seed failed, and is named, or a fault occurred in none of 300 or more
// seeds; 64: wrong command line.
#include <fmt/format.h>
#include <unistd.h>

#include <atomic>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <thread>

#include "chaos/simulation.hpp"
#include "core/duration.hpp"
#include "store/migrations.hpp"
#include "testkit/patience.hpp"
#include "testkit/servers.hpp"

namespace {

using namespace lamda;
using namespace lamda::chaos;

constexpr auto kUsage =
    "usage: chain_sim [--seeds FIRST..LAST] [--budget DURATION] | --seed N  [--verbose]\n"
    "  --seeds FIRST..LAST  seeds to run, in this order (1..2000)\n"
    "  --budget DURATION    no seed starts after that time (300s)\n"
    "  --seed N             one seed; prints its scenario and events\n"
    "  --keep-going         continues after a seed that fails\n"
    "  --verbose            also prints each exchange\n";

struct Options {
    std::uint64_t first = 1;
    std::uint64_t last = 2'000;
    Millis budget{300'000};
    bool one = false;
    bool keep_going = false;
    bool verbose = false;
};

[[noreturn]] void usage(const std::string& what) {
    fmt::print(stderr, "chain_sim: {}\n{}", what, kUsage);
    std::exit(2);
}

std::uint64_t number(std::string_view text) {
    std::uint64_t out = 0;
    const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), out);
    if (code != std::errc{} || end != text.data() + text.size()) {
        usage(fmt::format("'{}' is not a number", text));
    }
    return out;
}

Options parse(int argc, char** argv) {
    Options out;
    for (int i = 1; i < argc; ++i) {
        const std::string_view name = argv[i];
        const auto value = [&]() -> std::string_view {
            if (++i >= argc) {
                usage(fmt::format("{} needs a value", name));
            }
            return argv[i];
        };
        if (name == "--help") {
            fmt::print("{}", kUsage);
            std::exit(0);
        } else if (name == "--keep-going") {
            out.keep_going = true;
        } else if (name == "--verbose") {
            out.verbose = true;
        } else if (name == "--seed") {
            out.first = out.last = number(value());
            out.one = true;
        } else if (name == "--seeds") {
            const auto range = value();
            const auto dots = range.find("..");
            if (dots == std::string_view::npos) {
                usage("--seeds is written like 1..2000");
            }
            out.first = number(range.substr(0, dots));
            out.last = number(range.substr(dots + 2));
        } else if (name == "--budget") {
            const auto budget = parse_duration(value());
            if (!budget) {
                usage(budget.error().message);
            }
            out.budget = *budget;
        } else {
            usage(fmt::format("'{}' is not an option", name));
        }
    }
    if (out.first > out.last) {
        usage("the first seed is above the last");
    }
    return out;
}

struct Totals {
    std::uint64_t seeds = 0;
    std::uint64_t failed = 0;
    std::uint64_t halts = 0;
    Verdict sum;

    void add(const Verdict& one) {
        ++seeds;
        failed += one.failure.empty() ? 0 : 1;
        halts += one.halted ? 1 : 0;
        sum.rows += one.rows;
        sum.blocks += one.blocks;
        sum.reorgs += one.reorgs;
        sum.deepest_reorg = std::max(sum.deepest_reorg, one.deepest_reorg);
        sum.calls += one.calls;
        sum.impatient_calls += one.impatient_calls;
        sum.took += one.took;
        sum.damaged += one.damaged;
        sum.unsettled += one.unsettled;
        sum.sink.batches += one.sink.batches;
        sum.sink.unwinds += one.sink.unwinds;
        sum.sink.deepest_unwind = std::max(sum.sink.deepest_unwind, one.sink.deepest_unwind);
        sum.sink.failures += one.sink.failures;
        sum.sink.rivals += one.sink.rivals;
        sum.sink.restarts += one.sink.restarts;
        for (std::size_t i = 0; i < simulator::kFaults; ++i) {
            sum.faults.of[i] += one.faults.of[i];
        }
    }

    /// Faults that struck no call, after so many seeds that each must have occurred.
    std::string faults_not_met() const {
        constexpr std::uint64_t kEnoughSeeds = 300;
        std::string out;
        for (std::size_t i = 0; i < simulator::kFaults && seeds >= kEnoughSeeds; ++i) {
            if (sum.faults.of[i] == 0) {
                out += (out.empty() ? "" : ", ") + std::string(to_string(static_cast<simulator::Fault>(i)));
            }
        }
        return out;
    }

    void print() const {
        fmt::print(
            "{} blocks with {} reorgs (deepest {}), {} rows in {} batches, {} unwinds (deepest {}), {} halts "
            "by a "
            "reorg below finality\n",
            sum.blocks, sum.reorgs, sum.deepest_reorg, sum.rows, sum.sink.batches, sum.sink.unwinds,
            sum.sink.deepest_unwind, halts);
        fmt::print(
            "{} failures of the sink, {} batches by another writer, {} restarts; {} h of the chain's time\n",
            sum.sink.failures, sum.sink.rivals, sum.sink.restarts, sum.took.count() / 3'600'000);
        fmt::print("{} final rows deleted or added, and repaired by an audit; {} blocks left unsettled\n",
                   sum.damaged, sum.unsettled);
        std::string faults;
        for (std::size_t i = 0; i < simulator::kFaults; ++i) {
            faults += fmt::format("{}{} {}", i > 0 ? ", " : "", to_string(static_cast<simulator::Fault>(i)),
                                  sum.faults.of[i]);
        }
        fmt::print("{} calls ({} during a Retry-After): {}\n", sum.calls, sum.impatient_calls, faults);
    }
};

/// Ends the program if a seed does not end, and prints the seed: a CTest timeout would not name it.
class Watchdog {
  public:
    Watchdog() : thread_([this](const std::stop_token& stop) { watch(stop); }) {}
    void on(std::uint64_t seed) {
        seed_ = seed;
        since_ = std::chrono::steady_clock::now().time_since_epoch().count();
    }

  private:
    void watch(const std::stop_token& stop) const {
        const SystemClock clock;
        while (clock.sleep(stop, Millis(1'000))) {
            const Steady since{Steady::duration(since_.load())};
            if (since_ != 0 &&
                std::chrono::steady_clock::now() - since > std::chrono::minutes(3) * testkit::patience()) {
                fmt::print("seed {} does not end\n", seed_.load());
                std::fflush(stdout);
                _exit(1);
            }
        }
    }
    std::atomic<std::uint64_t> seed_ = 0;
    std::atomic<Steady::rep> since_ = 0;
    std::jthread thread_;
};

int run(const Options& options) {
    testkit::TempDir dir("chain_sim");
    testkit::PostgresServer server(dir.path());
    store::Database database(server.create_database("sim"), "chain_sim", 1);
    store::migrate(database);
    Rows::create(database);

    const bool terminal = isatty(STDOUT_FILENO) != 0;
    const auto log = options.one
                         ? telemetry::Log("chain_sim", telemetry::Level::kInfo, telemetry::Format::kText)
                         : telemetry::Log::none();
    Trace trace;
    if (options.verbose) {
        trace = [](const std::string& line) { fmt::print("{}\n", line); };
    }
    Totals totals;
    Watchdog watchdog;
    const auto start = std::chrono::steady_clock::now();
    const auto seconds = [&] {
        return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    };
    for (auto seed = options.first;
         seed <= options.last && seconds() * 1'000 < static_cast<double>(options.budget.count()); ++seed) {
        watchdog.on(seed);
        const auto scenario = make_scenario(seed);
        if (options.one) {
            fmt::print("{}", describe(scenario));
            std::fflush(stdout);
        }
        const auto verdict = simulate(scenario, database, trace, log);
        totals.add(verdict);
        if (!verdict.failure.empty()) {
            fmt::print("{}seed {} fails: {}\n{}repeat: chain_sim --seed {} --verbose\n", terminal ? "\n" : "",
                       seed, verdict.failure, options.one ? "" : describe(scenario), seed);
            if (!options.keep_going) {
                break;
            }
        }
        if (terminal && totals.seeds % 10 == 0) {
            fmt::print("\r{} seeds, {:.1f}/s ", totals.seeds, static_cast<double>(totals.seeds) / seconds());
            std::fflush(stdout);
        }
    }
    fmt::print("{}{} of {} seeds ran in {:.0f} s ({:.1f}/s), {} failed\n", terminal ? "\r" : "", totals.seeds,
               options.last - options.first + 1, seconds(), static_cast<double>(totals.seeds) / seconds(),
               totals.failed);
    totals.print();
    const auto not_met = totals.faults_not_met();
    if (!not_met.empty()) {
        fmt::print("faults that no seed met: {}\n", not_met);
    }
    return totals.failed == 0 && not_met.empty() ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
    const auto options = parse(argc, argv);
    try {
        return run(options);
    } catch (const std::exception& error) {
        fmt::print(stderr, "chain_sim: {}\n", error.what());
        return 1;
    }
}
