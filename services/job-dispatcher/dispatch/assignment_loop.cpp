#include "services/job-dispatcher/dispatch/assignment_loop.hpp"

#include <algorithm>
#include <iterator>

#include "core/crash_point.hpp"
#include "services/job-dispatcher/dispatch/due_attempts.hpp"
#include "services/job-dispatcher/dispatch/due_store.hpp"
#include "services/job-dispatcher/ingest/progress_store.hpp"
#include "services/job-dispatcher/jobs/job_decisions.hpp"
#include "services/job-dispatcher/jobs/status_store.hpp"
#include "store/channels.hpp"

namespace lamda::dispatch {

namespace {

constexpr Millis kRefusedPause{10'000};

struct Due {
    std::vector<JobId> jobs;
    std::vector<Address> providers;  ///< registered ones
};

Due find_due(store::Txn& txn, BlockNum boundary, const std::vector<Address>& without, std::size_t most) {
    Due out;
    std::set<Address> providers;
    for (const auto& job : due_jobs(txn, boundary, without, most)) {
        out.jobs.push_back(job.id);
        if (job.provider_registered) {
            providers.insert(job.provider);
        }
    }
    out.providers.assign(providers.begin(), providers.end());
    const auto early = jobs_with_early_status(txn, most);
    out.jobs.insert(out.jobs.end(), early.begin(), early.end());
    return out;
}

/// Returns the cases of those jobs that no other transaction has locked.
std::vector<EvaluationCase> load_cases(store::Txn& txn, const std::vector<JobId>& ids,
                                       const std::set<Address>& reachable) {
    std::vector<EvaluationCase> out;
    std::vector<JobId> locked;
    for (auto& [id, job] : load_free_jobs(txn, ids)) {
        const bool provider_reachable = reachable.contains(job.row.provider);
        locked.push_back(id);
        out.push_back({std::move(job), {}, provider_reachable});
    }
    if (early_statuses_wait(txn)) {
        auto early = take_early_statuses(txn, locked);
        for (auto& each : out) {
            if (const auto found = early.find(each.job.row.id); found != early.end()) {
                each.early = std::move(found->second);
            }
        }
    }
    return out;
}

/// Evaluates the jobs; returns the number of attempts sent.
std::size_t evaluate_jobs(store::Txn& txn, const std::vector<JobId>& ids, const std::set<Address>& reachable,
                          const Policy& policy, Timestamp now) {
    auto cases = load_cases(txn, ids, reachable);
    // Read from the database, after locking the rows: another instance may read the chain, and its unwind
    // lowers the boundary in the transaction that orphans the job's block.
    const BlockNum boundary = read_boundary(txn);
    std::vector<JobWrite> writes;
    for (auto& each : cases) {
        auto write = decide_evaluation(std::move(each), boundary, policy, now);
        if (!write.nothing()) {
            writes.push_back(std::move(write));
        }
    }
    write_jobs(txn, writes, policy.chain_id, now);
    return static_cast<std::size_t>(std::count_if(writes.begin(), writes.end(),
                                                  [](const JobWrite& write) { return write.send_attempt; }));
}

}  // namespace

AssignmentLoop::AssignmentLoop(store::Database& database, BusSetup& setup, Deployment& deployment,
                               const StreamProgress& progress, const StatusCatchUp& catch_up,
                               const telemetry::Context& context)
    : database_(database),
      setup_(setup),
      deployment_(deployment),
      progress_(progress),
      catch_up_(catch_up),
      clock_(context.clock),
      log_(context.log),
      assigned_(context.metrics.counter("lamda_dispatch_assignments_total",
                                        "Attempts that the assignment loop put into the outbox.")),
      sent_again_(
          context.metrics.counter("lamda_dispatch_retries_total",
                                  "Attempts sent after the pause that follows a transient failure.")) {}

void AssignmentLoop::run(const std::stop_token& stop) {
    constexpr std::size_t kMost = 500;
    store::Listener listener(database_, {store::kJobChannel, store::kSpecChannel, store::kNodeChannel});
    while (!stop.stop_requested()) {
        // Durables are created before the provider's first job, so that a starting agent can check its
        // connection. A registration alone creates none: it costs only gas, a durable costs resources of the
        // bus.
        std::erase_if(refused_until_, [&](const auto& each) { return each.second <= clock_.steady(); });
        for (const auto& provider : database_.transact(active_providers)) {
            ensure(provider);
        }
        while (!stop.stop_requested() && pass(kMost) >= kMost) {
        }
        while (!stop.stop_requested() && send_due(kMost) >= kMost) {
        }
        listener.wait(Millis(500));
    }
}

bool AssignmentLoop::ensure(const Address& provider) {
    if (refused_until_.contains(provider)) {
        return false;
    }
    try {
        setup_.ensure_provider(provider);
        return true;
    } catch (const bus::Refused& error) {
        log_.warn("durables of a provider refused, its jobs wait",
                  {{"provider", provider.hex()}, {"reason", error.what()}});
        refused_until_.emplace(provider, clock_.steady() + kRefusedPause);
        return false;
    }
}

std::vector<Address> AssignmentLoop::refused() const {
    std::vector<Address> out;
    std::transform(refused_until_.begin(), refused_until_.end(), std::back_inserter(out),
                   [](const auto& each) { return each.first; });
    return out;
}

std::size_t AssignmentLoop::pass(std::size_t most) {
    if (!may_assign()) {
        return 0;
    }
    const Due due = database_.transact(
        [&](store::Txn& txn) { return find_due(txn, read_boundary(txn), refused(), most); });
    if (due.jobs.empty()) {
        return 0;
    }
    bool every = true;
    for (const auto& provider : due.providers) {
        every = ensure(provider) && every;  // before the provider's first outbox row
    }
    if (!every) {
        return most;  // once more, without the refused providers
    }
    const std::set<Address> reachable(due.providers.begin(), due.providers.end());
    crash_point("judge.before_commit");
    const std::size_t sent = database_.transact([&](store::Txn& txn) -> std::size_t {
        const auto policy = deployment_.policy(txn);
        return policy ? evaluate_jobs(txn, due.jobs, reachable, *policy, clock_.now()) : 0;
    });
    crash_point("judge.after_commit");
    if (sent > 0) {
        assigned_.add(static_cast<double>(sent));
        log_.info("attempts assigned", {{"count", sent}});
    }
    return due.jobs.size();
}

std::size_t AssignmentLoop::send_due(std::size_t most) {
    if (!may_assign()) {
        return 0;
    }
    const std::size_t sent = database_.transact([&](store::Txn& txn) -> std::size_t {
        const auto policy = deployment_.policy(txn);
        return policy ? send_due_attempts(txn, *policy, clock_.now(), most) : 0;
    });
    crash_point("retry.after_commit");
    if (sent > 0) {
        sent_again_.add(static_cast<double>(sent));
        log_.info("attempts sent after a pause", {{"count", sent}});
    }
    return sent;
}

}  // namespace lamda::dispatch
