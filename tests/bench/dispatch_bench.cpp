// Benchmark of dispatch: from a block's header to JetStream's acknowledgement of the assignment, a backlog
// that becomes final, and the effect of one provider on another. Prints one line for each figure: name value
// unit (target).
//
//   lamda-bench-dispatch --executables DIR --build NAME [--rounds N] [--jobs N] [--backlog N] [--pairs N]
//   [--waiting N] [--only latency|backlog|isolation]
#include <fmt/format.h>

#include <algorithm>

#include "arguments.hpp"
#include "dispatch_scene.hpp"
#include "pairs.hpp"
#include "report.hpp"
#include "status_flood.hpp"
#include "testkit/migrated_database.hpp"
#include "wire/events.hpp"
#include "wire/messages.hpp"
#include "wire/subjects.hpp"

using namespace lamda;
using namespace lamda::bench;

namespace {

constexpr double kMostMedian = 2;
constexpr double kMostTail = 4;
constexpr double kLeastOfFloor = 0.5;
constexpr double kLeastPerSecond = 10'000;
constexpr double kMostDisturbed = 1.5;
constexpr double kPatienceSeconds = 120;
/// Jobs before the first measurement: connections, prepared statements, the pace of the polls.
constexpr std::size_t kWarmUp = 20;
constexpr std::size_t kPerBlock = 500;
/// Jobs in one commit of the floor.
constexpr std::size_t kFloorBatch = 1'000;

struct Options {
    std::string executables;
    std::string build = "of --executables";
    int rounds = 3;
    std::size_t jobs = 100;
    std::size_t backlog = 50'000;
    int pairs = 3;
    std::size_t waiting = 10'000;
    std::string only;
};

double percentile(std::vector<double> values, double share) {
    std::sort(values.begin(), values.end());
    const auto at = static_cast<std::size_t>(share * static_cast<double>(values.size()));
    return values[std::min(at, values.size() - 1)];
}

/// The assignment's message, as the dispatcher publishes it; `mark` makes its id different.
BareMessage assignment_message(const wire::JobSpec& spec, const std::string& mark) {
    wire::Assignment out;
    out.job_id = wire::job_id_of(spec);
    out.provider = spec.provider;
    out.docker_image = spec.docker_image;
    out.command = spec.command;
    out.requirements = spec.requirements;
    out.chain_id = spec.chain_id;
    out.job_manager = spec.job_manager;
    out.block_number = BlockNum{1'000};
    return {wire::dispatch_subject(spec.provider), wire::dispatch_message_id(out.job_id, 1) + mark,
            wire::to_json(out)};
}

/// The messages that the dispatcher publishes for an assignment: two events and the assignment.
void add_messages(std::vector<BareMessage>& out, const wire::JobSpec& spec, const std::string& mark) {
    auto assignment = assignment_message(spec, mark);
    const wire::EventCause cause{100'000, SystemClock().now(), spec.chain_id, std::nullopt, std::nullopt};
    const wire::JobUpdate update{wire::job_id_of(spec), wire::PublicStatus::kAssigned, 1, spec.renter,
                                 spec.provider};
    for (auto& event : wire::event_messages(cause, update)) {
        out.push_back({event.subject, assignment.id + event.subject, event.body});
    }
    out.push_back(std::move(assignment));
}

std::string is_job(const JobId& id) {
    return "id = '\\x" + id.hex().substr(2) + "'";
}

class Bench {
  public:
    explicit Bench(Options options) : options_(std::move(options)) {}

    void run() {
        const auto wanted = [&](const char* name) { return options_.only.empty() || options_.only == name; };
        if (wanted("latency")) {
            latency();
        }
        if (wanted("backlog")) {
            backlog();
        }
        if (wanted("isolation")) {
            isolation();
        }
    }

  private:
    struct Latencies {
        std::vector<double> ours;
        std::vector<double> floor;
    };

    DispatchScene::Config config(const std::string& name, const std::string& finality) const {
        return {options_.executables, name, finality};
    }

    /// Milliseconds of one transaction with the job's rows and one synchronous publish of its assignment.
    double bare_dispatch(DispatchScene& scene, const wire::JobSpec& spec, const std::string& floor_dsn) {
        const auto rows = rows_of_jobs(scene.dsn(), is_job(wire::job_id_of(spec)));
        const auto message = assignment_message(spec, ":floor");
        scene.acks().reset();
        const double commit = copy(floor_dsn, rows);
        const double begin = now_seconds();
        scene.bus().publish(message);
        const double publish = now_seconds() - begin;
        scene.acks().wait(1, kPatienceSeconds);  // it must not count for the next job
        return (commit + publish) * 1'000;
    }

    void latency() {
        DispatchScene scene(postgres_, dir_.path(), config("latency", "latest"));
        const auto floor_dsn = testkit::migrated_database(postgres_, "latency_floor", "postgres");
        std::size_t jobs = 0;
        const auto measure = [&](std::size_t count) {
            Latencies out;
            for (const auto& spec : scene.make_specs(scene.provider().address(), count)) {
                out.ours.push_back(scene.dispatch_one(spec));
                scene.wait_quiet(++jobs);
                out.floor.push_back(bare_dispatch(scene, spec, floor_dsn));
            }
            return out;
        };
        measure(kWarmUp);
        Pairs medians;
        Pairs tails;
        Latencies all;
        for (int i = 0; i < options_.rounds; ++i) {
            const auto round = measure(options_.jobs);
            medians.add(percentile(round.ours, 0.5), percentile(round.floor, 0.5));
            tails.add(percentile(round.ours, 0.99), percentile(round.floor, 0.99));
            all.ours.insert(all.ours.end(), round.ours.begin(), round.ours.end());
            all.floor.insert(all.floor.end(), round.floor.begin(), round.floor.end());
        }
        const auto both = [&](const char* name, double share) {
            report(fmt::format("dispatch_latency_{}", name), percentile(all.ours, share), "ms",
                   fmt::format("no target: header handed out → acknowledged, {} jobs, build {}",
                               all.ours.size(), options_.build));
            report(fmt::format("dispatch_floor_latency_{}", name), percentile(all.floor, share), "ms",
                   "no target: one commit of the job's rows, one publish");
        };
        both("p50", 0.5);
        both("p99", 0.99);
        report_pairs("dispatch_p50", medians, {Target::Bound::kAtMost, kMostMedian}, "the floor");
        report_pairs("dispatch_p99", tails, {Target::Bound::kAtMost, kMostTail}, "the floor");
    }

    /// Seconds of the bare commits of the jobs' rows and the bare publishing of their messages.
    double bare_backlog(DispatchScene& scene, const std::vector<wire::JobSpec>& specs,
                        const std::vector<std::vector<TableDump>>& batches) {
        const std::string name = fmt::format("backlog_floor_{}", ++floors_);
        const auto dsn = testkit::migrated_database(postgres_, name, "postgres");
        std::vector<BareMessage> messages;
        for (const auto& spec : specs) {
            add_messages(messages, spec, ":" + name);
        }
        double out = 0;
        for (const auto& batch : batches) {
            out += copy(dsn, batch);
        }
        const double begin = now_seconds();
        scene.bus().publish_all(messages);
        out += now_seconds() - begin;
        postgres_.drop_database(name);
        return out;
    }

    void backlog() {
        DispatchScene scene(postgres_, dir_.path(), config("backlog", "finalized"));
        Pairs pairs;
        std::vector<double> seconds;
        std::vector<double> floors;
        for (int i = 0; i < options_.pairs; ++i) {
            const auto specs = scene.make_specs(scene.provider().address(), options_.backlog);
            scene.create(specs, kPerBlock);
            scene.wait_quiet(specs.size() * static_cast<std::size_t>(i + 1));
            scene.acks().reset();
            scene.blocks().finalize();
            const double end = scene.acks().wait(specs.size(), kPatienceSeconds);
            seconds.push_back(end - scene.blocks().handed_out().value());
            scene.wait_quiet(specs.size() * static_cast<std::size_t>(i + 1));
            std::vector<std::vector<TableDump>> batches;
            for (std::size_t at = 0; at < specs.size(); at += kFloorBatch) {
                batches.push_back(rows_of_jobs(
                    scene.dsn(),
                    fmt::format("id IN (SELECT id FROM dispatch.job ORDER BY block_num, log_index OFFSET {} "
                                "LIMIT {})",
                                specs.size() * static_cast<std::size_t>(i) + at, kFloorBatch)));
            }
            floors.push_back(bare_backlog(scene, specs, batches));
            scene.bus().purge(wire::kJobsStream);
            pairs.add(floors.back(), seconds.back());
        }
        const auto jobs = static_cast<double>(options_.backlog);
        report("dispatch_backlog_rate", jobs / median(seconds), "/s",
               fmt::format("target ≥ {}: {} jobs become final → all assigned, build {}", kLeastPerSecond,
                           options_.backlog, options_.build));
        report("dispatch_backlog_floor_rate", jobs / median(floors), "/s",
               fmt::format("no target: commits of {} jobs' rows, then asynchronous publishing of the same "
                           "messages",
                           kFloorBatch));
        report_pairs("dispatch_backlog", pairs, {Target::Bound::kAtLeast, kLeastOfFloor},
                     "the speed of the floor");
    }

    void isolation() {
        DispatchScene quiet(postgres_, dir_.path(), config("quiet", "latest"));
        DispatchScene noisy(postgres_, dir_.path(), config("noisy", "latest"));
        std::size_t quiet_jobs = 0;
        std::size_t noisy_jobs = 0;
        const auto measure = [&](DispatchScene& scene, std::size_t& jobs, std::size_t count) {
            std::vector<double> out;
            for (const auto& spec : scene.make_specs(scene.provider().address(), count)) {
                out.push_back(scene.dispatch_one(spec));
                scene.wait_quiet(++jobs);
            }
            return out;
        };
        measure(quiet, quiet_jobs, kWarmUp);
        measure(noisy, noisy_jobs, kWarmUp);
        const auto crowd = noisy.make_specs(noisy.noisy_provider().address(), options_.waiting);
        noisy.create(crowd, kPerBlock);
        noisy.wait_quiet(noisy_jobs += crowd.size());

        const auto compare = [&](const std::string& name, const std::string& what) {
            const std::size_t count = 2 * options_.jobs;  // the p99 of fewer would be their maximum
            Pairs medians;
            Pairs tails;
            for (int i = 0; i < options_.pairs; ++i) {
                const auto without = measure(quiet, quiet_jobs, count);
                std::optional<StatusFlood> flood;
                if (name == "flood") {
                    flood.emplace(noisy.bus_url(), noisy.noisy_provider(), crowd);
                }
                const auto with = measure(noisy, noisy_jobs, count);
                medians.add(percentile(with, 0.5), percentile(without, 0.5));
                tails.add(percentile(with, 0.99), percentile(without, 0.99));
            }
            report_pairs("dispatch_p50_beside_" + name, medians, {Target::Bound::kAtMost, kMostDisturbed},
                         "without: " + what);
            report_pairs("dispatch_p99_beside_" + name, tails, {Target::Bound::kAtMost, kMostDisturbed},
                         "without: " + what);
        };
        compare("waiting", fmt::format("another provider is silent, {} jobs wait for it", crowd.size()));
        compare("flood", fmt::format("the same sends {} signed statuses a second", StatusFlood::kPerSecond));
    }

    Options options_;
    testkit::TempDir dir_{"bench_dispatch"};
    testkit::PostgresServer postgres_{
        dir_.path() + "/postgres", true, {"shared_buffers=1GB", "max_wal_size=4GB"}};
    int floors_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
    Options options;
    CLI::App app("Measures dispatch; prints one line for each figure: name value unit (target)");
    app.add_option("--executables", options.executables, "folder of lamda-job-dispatcher")->required();
    app.add_option("--build", options.build, "name of their build in the output");
    app.add_option("--rounds", options.rounds, "pairs of the latency")->check(CLI::PositiveNumber);
    app.add_option("--jobs", options.jobs, "jobs of one round")->check(CLI::PositiveNumber);
    app.add_option("--backlog", options.backlog, "jobs of the backlog")->check(CLI::PositiveNumber);
    app.add_option("--pairs", options.pairs, "pairs of the slow measurements")->check(CLI::PositiveNumber);
    app.add_option("--waiting", options.waiting, "waiting jobs of the noisy provider")
        ->check(CLI::PositiveNumber);
    app.add_option("--only", options.only, "latency, backlog or isolation; absent: all")
        ->check(CLI::IsMember({"latency", "backlog", "isolation"}));
    if (const auto status = lamda::bench::parse(app, argc, argv)) {
        return *status;
    }
    try {
        Bench(options).run();
    } catch (const std::exception& error) {
        fmt::print(stderr, "{}\n", error.what());
        return 1;
    }
    return 0;
}
