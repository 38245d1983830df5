#include "services/job-dispatcher/dispatch/assignment_loop.hpp"

#include <algorithm>
#include <future>
#include <iterator>
#include <utility>

#include "core/crash_point.hpp"
#include "services/job-dispatcher/dispatch/due_attempts.hpp"
#include "services/job-dispatcher/dispatch/due_store.hpp"
#include "services/job-dispatcher/dispatch/evaluation.hpp"
#include "store/channels.hpp"

namespace lamda::dispatch {

namespace {

constexpr Millis kRefusedPause{10'000};
/// Jobs evaluated in the transaction that makes them final. More would delay the stream.
constexpr std::size_t kMostWithin = 32;
/// Jobs evaluated in one transaction. A backlog is evaluated by two transactions at a time: one computes its
/// rows while the database works for the other.
constexpr std::size_t kPerTransaction = 1'000;

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
    constexpr std::size_t kMost = 2 * kPerTransaction;
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
        while (!stop.stop_requested() && send_due(kPerTransaction) >= kPerTransaction) {
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
    evaluate(due.jobs, reachable);
    crash_point("judge.after_commit");
    return due.jobs.size();
}

void AssignmentLoop::evaluate(std::span<const JobId> jobs, const std::set<Address>& reachable) {
    const auto in_turn = [&](std::span<const JobId> part) {
        while (!part.empty()) {
            const auto some = part.first(std::min(part.size(), kPerTransaction));
            part = part.subspan(some.size());
            note_sent(database_.transact([&](store::Txn& txn) -> std::size_t {
                const auto policy = deployment_.policy(txn);
                return policy
                           ? evaluate_jobs(txn, {some.begin(), some.end()}, reachable, *policy, clock_.now())
                           : 0;
            }));
        }
    };
    if (jobs.size() <= kPerTransaction) {
        in_turn(jobs);
        return;
    }
    const auto middle = jobs.size() / 2;
    auto first = std::async(std::launch::async, [&] { in_turn(jobs.first(middle)); });
    in_turn(jobs.subspan(middle));
    first.get();
}

bool AssignmentLoop::evaluate_within(store::Txn& txn, const NewlyFinal& blocks) {
    sent_within_ = 0;
    if (std::exchange(evaluating_, true) || !may_assign()) {
        return false;
    }
    const auto found = newly_final_jobs(txn, blocks.after, blocks.boundary, kMostWithin + 1);
    const auto policy = deployment_.policy(txn);
    if (found.size() > kMostWithin || !policy) {
        return false;
    }
    std::vector<JobId> jobs;
    std::set<Address> reachable;
    for (const auto& job : found) {
        if (job.provider_registered && setup_.has_provider(job.provider)) {
            jobs.push_back(job.id);
            reachable.insert(job.provider);
        }
    }
    if (!jobs.empty()) {
        sent_within_ = evaluate_jobs(txn, jobs, reachable, *policy, clock_.now(), blocks);
    }
    return sent_within_ == found.size();
}

void AssignmentLoop::committed() {
    evaluating_ = false;
    note_sent(std::exchange(sent_within_, 0));
}

void AssignmentLoop::note_sent(std::size_t count) {
    if (count > 0) {
        assigned_.add(static_cast<double>(count));
        log_.info("attempts assigned", {{"count", count}});
    }
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
