// market_chaos: jobs of mixed outcome through the whole market with two agents on a real engine, while parts
// are killed and the bus forgets, by seed. A judge compares the history that clients saw with the promises.
//
//   market_chaos --seed 7 --jobs 200 --faults 40
//
// Exit status 0: no promise was broken; 1: one was, and is named; 2: wrong command line.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "bench/arguments.hpp"
#include "chaos/market/faults.hpp"
#include "chaos/market/feed_client.hpp"
#include "chaos/market/observer.hpp"
#include "localnet/market.hpp"
#include "onchain/job_manager_reader.hpp"
#include "runtime/app.hpp"
#include "testkit/patience.hpp"

namespace {

using namespace lamda;
using namespace lamda::chaos;
using nlohmann::json;

struct Options {
    std::uint64_t seed = 1;
    std::size_t jobs = 20;
    std::size_t faults = 8;
    std::size_t minutes = 15;
};

struct Kind {
    localnet::Work work;
    Expectation expected;
};

/// Every fifth job is cancelled by the operator, and so on.
Kind kind_of(std::size_t index) {
    switch (index % 5) {
        case 1:
            return {{"exit 3"}, {"failure", {"failed"}, {"exit_nonzero"}, std::nullopt}};
        case 2:
            return {{"sleep 3600", 64, 2}, {"time-out", {"failed"}, {"timeout"}, std::nullopt}};
        case 3:  // a busy engine may not report its out-of-memory kill; the job is killed all the same
            return {{"x=0123456789abcdef; while true; do x=$x$x; done", 16, 600},
                    {"out of memory", {"failed"}, {"oom", "exit_nonzero: exit code 137"}, std::nullopt}};
        case 4:
            return {{"sleep 3600"}, {"cancelled", {"cancelled"}, {"not wanted"}, std::nullopt}};
        default:
            return {{}, {"success", {"paid"}, {}, std::nullopt}};
    }
}

class Run {
  public:
    explicit Run(const Options& options)
        : options_(options), dir_("market-chaos"), network_(config(), [](const std::string&) {}) {
        network_.start_all([](const std::string&) {});
    }

    int execute() {
        const auto begin = SystemClock().steady();
        Observer observer(network_);
        FeedClient feed(std::stoi(network_.settings().at("API_PORT")));
        Faults faults(network_, options_.seed, dir_.path());
        std::jthread clients([&](const std::stop_token& stop) { act_as_clients(stop, observer); });
        for (std::size_t i = 0; i < options_.faults; ++i) {
            runtime::pause({}, Millis(500));
            fmt::print("{:3}/{} {}\n", i + 1, options_.faults, faults.strike());
            std::fflush(stdout);
        }
        const bool ended =
            testkit::wait_until([&] { return all_ended(observer); }, std::chrono::minutes(options_.minutes));
        clients.request_stop();
        clients.join();
        testkit::wait_until([&] { return leftovers(network_, network_dir()).empty(); });
        observer.stop();
        testkit::wait_until([&] { return has_caught_up(feed.history(), seen_by(observer)); });
        feed.stop();
        return report(observer, faults, feed.history(), ended, SystemClock().steady() - begin);
    }

  private:
    std::string network_dir() const { return dir_.path() + "/network"; }

    localnet::NetworkConfig config() {
        localnet::NetworkConfig out;
        out.dir = network_dir();
        out.executables = testkit::binary_dir() + "/bin";
        // Faults use up attempts: a job must not end for lack of them.
        out.more_env = {{"MAX_ATTEMPTS", "100"}, {"RETRY_PAUSE", "500ms"}, {"ACCEPT_TIMEOUT", "20s"}};
        return out;
    }

    void act_as_clients(const std::stop_token& stop, const Observer& observer) {
        localnet::Market market(network_);
        for (std::size_t i = 0; !stop.stop_requested();) {
            try {
                if (i < options_.jobs) {
                    const auto kind = kind_of(i);
                    const auto job = market.order(i, kind.work);
                    const std::lock_guard lock(mutex_);
                    auto expected = kind.expected;
                    if (expected.kind == "success") {
                        expected.output = job.expected_output;
                    }
                    expected_.emplace(job.id, expected);
                    ++i;
                } else {
                    runtime::pause(stop, Millis(200));
                }
                cancel_unwanted(observer);
            } catch (const std::runtime_error&) {  // the gateway or what it needs is away: again
                runtime::pause(stop, Millis(200));
            }
        }
    }

    /// Cancels what is to be cancelled, once the job is running.
    void cancel_unwanted(const Observer& observer) {
        const auto seen = observer.sightings();
        std::map<JobId, Expectation> expected;
        {
            const std::lock_guard lock(mutex_);
            expected = expected_;
        }
        for (const auto& [id, wanted] : expected) {
            const auto found = seen.find(id);
            if (wanted.kind == "cancelled" && found != seen.end() &&
                found->second.back().status == "running") {
                net::HttpRequest request;
                request.method = "PUT";
                request.url = network_.api_url() + "/api/jobs/" + id.hex() + "/status";
                request.headers = {{"Content-Type", "application/json"},
                                   {"Authorization", "Bearer " + network_.settings().at("OPERATOR_TOKEN")}};
                request.body = R"({"status":"cancelled","error_message":"not wanted"})";
                request.timeout = testkit::kCallTimeout;
                network_.http().send(request);
            }
        }
    }

    bool all_ended(const Observer& observer) {
        const auto seen = observer.sightings();
        const std::lock_guard lock(mutex_);
        return expected_.size() == options_.jobs &&
               std::all_of(expected_.begin(), expected_.end(), [&](const auto& each) {
                   const auto found = seen.find(each.first);
                   return found != seen.end() && has_ended(each.second, found->second);
               });
    }

    History seen_by(const Observer& observer) {
        History out;
        const std::lock_guard lock(mutex_);
        out.expected = expected_;
        out.sightings = observer.sightings();
        return out;
    }

    int report(const Observer& observer, const Faults& faults, const FeedHistory& feed, bool ended,
               Steady::duration took) {
        auto history = seen_by(observer);
        history.feed = feed;
        history.containers = observer.containers();
        history.engine_kills = faults.engine_kills();
        history.leftovers = leftovers(network_, network_dir());
        for (const auto& increment :
             onchain::ReputationView(network_.opbnb(), network_.node_reputation()).increments(BlockNum{0})) {
            ++history.rewards[increment.job.value()];
        }
        localnet::Market market(network_);
        std::map<std::string, int> kinds;
        for (const auto& [id, expected] : history.expected) {
            ++kinds[expected.kind];
            const auto seen = history.sightings.find(id);
            if (expected.output && seen != history.sightings.end() &&
                !seen->second.back().output_cid.empty()) {
                history.outputs[id] = market.result_of(seen->second.back().output_cid);
            }
        }
        const auto broken = judge(history);
        fmt::print("\nseed {}: {} jobs ({}), {} faults ({}), {} container starts, {} events, {} s{}\n",
                   options_.seed, history.expected.size(), list(kinds), options_.faults,
                   list(faults.counts()), history.containers.size() / 2, history.feed.entries.size(),
                   std::chrono::duration_cast<std::chrono::seconds>(took).count(),
                   ended ? "" : ", NOT ALL ENDED");
        for (const auto& fault : broken) {
            fmt::print("BROKEN: {}\n", fault);
        }
        fmt::print("{}\n", broken.empty() && ended ? "every promise was kept" : "promises were broken");
        return broken.empty() && ended ? 0 : 1;
    }

    static std::string list(const std::map<std::string, int>& counts) {
        std::string out;
        for (const auto& [name, count] : counts) {
            out += fmt::format("{}{} {}", out.empty() ? "" : ", ", count, name);
        }
        return out;
    }

    Options options_;
    testkit::TempDir dir_;
    localnet::Network network_;
    std::mutex mutex_;
    std::map<JobId, Expectation> expected_;
};

}  // namespace

int main(int argc, char** argv) {
    Options options;
    CLI::App app("Jobs through the whole market while parts are killed and the bus forgets.");
    app.add_option("--seed", options.seed, "chooses the faults (1)");
    app.add_option("--jobs", options.jobs, "number of jobs (20)");
    app.add_option("--faults", options.faults, "number of faults (8)");
    app.add_option("--minutes", options.minutes,
                   "longest time from the last fault to the end of all jobs (15)");
    if (const auto status = bench::parse(app, argc, argv)) {
        return *status;
    }
    return Run(options).execute();
}
