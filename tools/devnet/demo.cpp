#include "tools/devnet/demo.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <thread>

#include "localnet/market.hpp"
#include "onchain/job_manager_reader.hpp"
#include "terminal/table.hpp"
#include "terminal/units.hpp"
#include "tools/devnet/board.hpp"
#include "tools/devnet/faults.hpp"

namespace lamda::devnet {
namespace {

using nlohmann::json;
using terminal::Kind;

constexpr auto kPollInterval = std::chrono::milliseconds(200);
constexpr std::size_t kIndent = 2;
constexpr double kTimeoutSeconds = 900;  // for all jobs and faults together

/// Returns the gateway's view of a job. Absent while the gateway is down; the demo then shows the last one.
std::optional<json> ask_job(localnet::Network& network, const JobId& id) {
    try {
        net::HttpRequest request;
        request.url = network.api_url() + "/api/jobs/" + id.hex();
        request.timeout = Millis(2'000);
        const auto answer = network.http().send(request);
        if (answer.status == 200) {
            return json::parse(answer.body);
        }
    } catch (const net::TransportError&) {
        return std::nullopt;
    }
    return std::nullopt;
}

/// Injects the requested faults one after the other; each is repaired before the next.
class Breaker {
  public:
    Breaker(localnet::Network& network, Board& board, const std::string& what)
        : faults_(network), board_(board) {
        if (what == "all") {
            names_ = fault_names(network.services());
        } else if (!what.empty()) {
            names_ = {what};
        }
    }
    bool done() const { return next_ == names_.size() && step_ == Step::kInject; }
    std::size_t faults() const { return names_.size(); }
    void first_assigned() { armed_ = true; }
    /// Takes the next step if its condition holds.
    /// @param order orders a job, so that each fault occurs while a job is in flight
    void poll(const std::function<void()>& order) {
        switch (step_) {
            case Step::kInject:
                if (armed_ && next_ < names_.size()) {
                    fault_ = faults_.of(names_[next_++]);
                    if (!fault_.needs_job) {
                        order();
                    }
                    fault_.inject();
                    board_.note(fault_.injected_text);
                    step_ = Step::kRepair;
                }
                return;
            case Step::kRepair:
                if (fault_.visible()) {
                    fault_.repair();
                    board_.note(fault_.repaired_text);
                    step_ = Step::kRecover;
                } else if (fault_.needs_job) {
                    order();
                    fault_.needs_job = false;
                }
                return;
            case Step::kRecover:
                if (fault_.recovered()) {
                    board_.note(fmt::format("{}: all parts are ready again", fault_.name));
                    step_ = Step::kInject;
                }
                return;
        }
    }

  private:
    enum class Step { kInject, kRepair, kRecover };

    Faults faults_;
    Board& board_;
    std::vector<std::string> names_;
    std::size_t next_ = 0;
    bool armed_ = false;
    Step step_ = Step::kInject;
    Fault fault_;
};

struct Tracked {
    localnet::OrderedJob order;
    std::string status = "ordered";
    json last;  ///< the gateway's last answer
};

/// State of both chains: jobs, their rewards, and the count of each provider.
struct ChainTruth {
    std::map<JobId, onchain::JobView> jobs;
    std::map<JobId, onchain::IncrementView> rewards;
    std::map<JobId, int> times_rewarded;
    std::map<Address, U256> counts;
};

ChainTruth read_chains(localnet::Network& network) {
    ChainTruth out;
    for (const auto& job :
         onchain::JobManagerReader(network.bsc(), network.job_manager()).jobs(BlockNum{0})) {
        out.jobs.emplace(job.id, job);
    }
    onchain::ReputationView reputation(network.opbnb(), network.node_reputation());
    for (const auto& increment : reputation.increments(BlockNum{0})) {
        if (increment.job) {
            ++out.times_rewarded[*increment.job];
            out.rewards.emplace(*increment.job, increment);
        }
    }
    for (const auto& provider : network.providers()) {
        out.counts[provider] = reputation.provider(provider).jobs;
    }
    return out;
}

std::string clock_time(const std::string& rfc3339) {
    return rfc3339.size() >= 23 ? rfc3339.substr(11, 12) : "-";
}

std::string seconds_of(const std::optional<onchain::Occurrence>& occurrence) {
    return occurrence ? to_rfc3339(occurrence->at).substr(11, 8) : "-";
}

std::string field(const json& job, const char* name) {
    return job.is_object() && job.contains(name) && job.at(name).is_string() ? job.at(name).get<std::string>()
                                                                             : "";
}

/// Returns what is wrong with a job: it has to be paid, rewarded once, and have the expected output. Empty:
/// nothing.
std::string fault_of(const Tracked& job, const ChainTruth& truth, localnet::Market& market) {
    const auto on_chain = truth.jobs.find(job.order.id);
    if (on_chain == truth.jobs.end() || !on_chain->second.paid) {
        return "was not paid";
    }
    const auto times = truth.times_rewarded.find(job.order.id);
    if (times == truth.times_rewarded.end() || times->second != 1) {
        return fmt::format("was rewarded {} times, not once",
                           times == truth.times_rewarded.end() ? 0 : times->second);
    }
    const std::string output = field(job.last, "output_file_cid");
    return output.empty() || market.result_of(output) != job.order.expected_output
               ? "has another output than the expected one"
               : "";
}

void print_jobs(const std::vector<Tracked>& jobs, const ChainTruth& truth, const terminal::Screen& screen) {
    fmt::print(
        "\nJobs, read from the two chains\n"
        "(times UTC; assigned, completed and output from the signed statuses)\n\n");
    terminal::Table table({{"JOB", Kind::kId, 1},
                           {"CREATED", Kind::kText, 0, 2},
                           {"ASSIGNED", Kind::kText, 0, 3},
                           {"COMPLETED"},
                           {"CONFIRMED", Kind::kText, 0, 1},
                           {"PAID"},
                           {"REWARDED"},
                           {"OUTPUT CID", Kind::kId, 2}},
                          kIndent);
    for (const auto& job : jobs) {
        const auto on_chain = truth.jobs.find(job.order.id);
        const auto reward = truth.rewards.find(job.order.id);
        const onchain::JobView view = on_chain == truth.jobs.end() ? onchain::JobView{} : on_chain->second;
        const std::string output = field(job.last, "output_file_cid");
        table.row({job.order.id.hex(), seconds_of(view.created), clock_time(field(job.last, "assigned_at")),
                   clock_time(field(job.last, "completed_at")), seconds_of(view.confirmed),
                   seconds_of(view.paid),
                   reward == truth.rewards.end() ? "-" : seconds_of(reward->second.occurrence),
                   output.empty() ? "-" : output});
    }
    fmt::print("{}", table.text(screen));
}

/// Prints the final tables, and a line for each fault. Returns true if every job was rewarded once and every
/// count is right.
bool print_summary(localnet::Network& network, localnet::Market& market, const std::vector<Tracked>& jobs) {
    const auto screen = terminal::screen_of(STDOUT_FILENO);
    const ChainTruth truth = read_chains(network);
    print_jobs(jobs, truth, screen);
    std::vector<std::string> faults;
    std::map<Address, U256> expected;
    for (const auto& job : jobs) {
        expected[job.order.provider] += 1;
        if (const auto fault = fault_of(job, truth, market); !fault.empty()) {
            faults.push_back("job " + job.order.id.hex() + " " + fault);
        }
    }
    terminal::Table table(
        {{"PROVIDER", Kind::kId, 1}, {"successfulJobsCount", Kind::kNumber}, {"EXPECTED", Kind::kNumber}},
        kIndent);
    for (const auto& provider : network.providers()) {
        const auto counted = to_decimal(truth.counts.at(provider));
        const auto due = to_decimal(expected[provider]);
        const auto name = crypto::checksum_address(provider);
        table.row({name, counted, due});
        if (counted != due) {
            faults.push_back(fmt::format("provider {} has {} successful jobs, not {}", name, counted, due));
        }
    }
    fmt::print("\nProviders on opBNB\n\n{}", table.text(screen));
    for (const auto& fault : faults) {
        fmt::print("\n  {} {}", terminal::painted("wrong:", terminal::Tone::kBad, screen.colour), fault);
    }
    fmt::print("{}", faults.empty() ? "" : "\n");
    return faults.empty();
}

class Demo {
  public:
    Demo(localnet::Network& network, Board& board, const DemoOptions& options)
        : network_(network),
          board_(board),
          options_(options),
          market_(network),
          breaker_(network, board, options.kill) {}

    bool run() {
        order_all();
        const double started = board_.seconds();
        bool all = false;
        while (!(all && breaker_.done() && jobs_.size() == options_.jobs) &&
               board_.seconds() - started < kTimeoutSeconds) {
            all = poll_jobs();
            breaker_.poll([this] {
                if (jobs_.size() < options_.jobs) {
                    order_one();
                }
            });
            std::this_thread::sleep_for(kPollInterval);
        }
        return print_summary(network_, market_, jobs_);
    }

  private:
    void order_one() {
        jobs_.push_back({market_.order(jobs_.size()), "ordered", {}});
        show();
    }

    // With a reorg: some jobs are ordered before it, some after; the wallet resends dropped payments. With
    // faults: one job for each fault is held back and ordered just before the fault.
    void order_all() {
        const std::size_t held_back = std::min(breaker_.faults(), options_.jobs - 1);
        while (jobs_.size() < options_.jobs - held_back) {
            order_one();
            if (options_.reorg > 0 && jobs_.size() == options_.jobs / 2 + 1) {
                reorg();
            }
        }
    }

    // The reorg starts after the newest job is in a block and assigned (DISPATCH_FINALITY=latest).
    void reorg() {
        const auto& last = jobs_.back().order;
        testkit::wait_until([&] {
            const auto seen = ask_job(network_, last.id);
            return seen && seen->value("status", "") != "created";
        });
        network_.bsc_node().call("anvil_reorg", fmt::format("[{}, []]", options_.reorg));
        const auto dropped = std::count_if(jobs_.begin(), jobs_.end(), [&](const Tracked& job) {
            return !network_.bsc().receipt(job.order.tx).has_value();
        });
        board_.note(fmt::format("BSC reorganised, {} blocks deep: {} payments are no longer on the chain",
                                options_.reorg, dropped));
    }

    bool poll_jobs() {
        std::vector<localnet::OrderedJob> orders;
        orders.reserve(jobs_.size());
        for (const auto& job : jobs_) {
            orders.push_back(job.order);
        }
        market_.resend_missing(orders);
        board_.tick();
        const ChainTruth truth = read_chains(network_);
        board_.tick();
        bool all = true;
        state_.parts.clear();
        for (const auto& name : network_.services()) {
            state_.parts.push_back({name, network_.ready(name)});
            board_.tick();
        }
        for (auto& job : jobs_) {
            if (auto answer = ask_job(network_, job.order.id)) {
                job.last = std::move(*answer);
                job.status = job.last.value("status", job.status);
            }
            if (job.status != "ordered" && job.status != "created" &&
                progress_of(job.status) >= progress_of("assigned")) {
                breaker_.first_assigned();
            }
            // The chain may be ahead of the signed status with the output: after a kill the status is
            // delivered again.
            const bool rewarded = job.status == "paid" && truth.rewards.contains(job.order.id) &&
                                  !field(job.last, "output_file_cid").empty();
            if (rewarded) {
                job.status = "rewarded";
            }
            all = all && rewarded;
            board_.tick();
        }
        show();
        return all;
    }

    void show() {
        state_.rows.clear();
        for (const auto& job : jobs_) {
            state_.rows.push_back({job.order.id.hex(), job.order.provider.hex(), job.status});
        }
        board_.show(state_);
    }

    localnet::Network& network_;
    Board& board_;
    const DemoOptions& options_;
    localnet::Market market_;
    Breaker breaker_;
    std::vector<Tracked> jobs_;
    BoardState state_;
};

}  // namespace

int run_demo(const DemoOptions& options) {
    const SystemClock clock;
    Board board(clock);
    localnet::NetworkConfig config;
    config.dir = options.dir;
    config.executables = options.executables;
    if (options.reorg > 0) {
        config.dispatch_finality = "latest";
        // A reorganised block must not have been final.
        config.bsc_slots = options.reorg;
    }
    const auto note = [&](const std::string& what) { board.note(what); };
    localnet::Network network(config, note);
    network.start_all(note);
    board.note(fmt::format("all parts are ready; {} jobs follow", options.jobs));
    const bool right = Demo(network, board, options).run();
    fmt::print("\n{} in {}\n",
               right ? "Every job was rewarded once and every count is right"
                     : "FAILED: see the lines that begin with \"wrong\"",
               terminal::seconds(board.seconds()));
    if (!right) {
        fmt::print("The logs are in {}/logs\n", options.dir);
    }
    return right ? 0 : 1;
}

}  // namespace lamda::devnet
