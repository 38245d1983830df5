#include "services/job-dispatcher/dispatch/timeout_loop.hpp"

#include <algorithm>
#include <iterator>

#include "core/duration.hpp"
#include "runtime/app.hpp"
#include "services/job-dispatcher/bus/command_store.hpp"
#include "services/job-dispatcher/dispatch/drain_store.hpp"
#include "services/job-dispatcher/dispatch/due_store.hpp"
#include "services/job-dispatcher/ingest/bulk_load.hpp"
#include "services/job-dispatcher/jobs/job_store.hpp"
#include "services/job-dispatcher/jobs/spec_store.hpp"
#include "services/job-dispatcher/jobs/status_store.hpp"

namespace lamda::dispatch {

namespace {

using wire::WorkState;

/// Early statuses that a pass moves to the dead letters.
constexpr std::size_t kEarlyAtOnce = 1'000;

/// Returns the limit of the attempt's state: preparing or running.
std::optional<Millis> limit_of(const ActiveAttempt& attempt, const TimeoutConfig& config) {
    if (attempt.state == WorkState::kAccepted) {
        return config.prepare_limit;
    }
    if (attempt.state == WorkState::kRunning && attempt.time_limit_seconds) {
        return std::chrono::seconds(*attempt.time_limit_seconds) + config.run_grace;
    }
    return std::nullopt;
}

PresenceClock::Attempt presence_attempt(const ActiveAttempt& attempt) {
    return {attempt.job_id,
            attempt.attempt,
            attempt.provider,
            attempt.state == WorkState::kAssigned ? PresenceClock::Waiting::kAcceptance
                                                  : PresenceClock::Waiting::kProgress,
            attempt.last_seq,
            attempt.heartbeat_seq};
}

}  // namespace

TimeoutLoop::TimeoutLoop(store::Database& database, TimeoutConfig config, Deployment& deployment,
                         const StreamProgress& progress, PresenceClock& presence,
                         std::function<bool()> statuses_are_read, const telemetry::Context& context)
    : database_(database),
      config_(config),
      deployment_(deployment),
      progress_(progress),
      presence_(presence),
      statuses_are_read_(std::move(statuses_are_read)),
      clock_(context.clock),
      log_(context.log),
      metrics_(context.metrics),
      retries_(context.metrics.counter("lamda_dispatch_silences_total",
                                       "Attempts ended by a timeout: the provider sent no status in time.")),
      resent_(context.metrics.counter("lamda_dispatch_resent_total",
                                      "Assignments and retractions sent again: they had no effect.")),
      pace_(config.accept_timeout) {}

void TimeoutLoop::run(const std::stop_token& stop) {
    int passes = 0;
    while (!stop.stop_requested()) {
        pass();
        if (passes % 5 == 0) {  // heartbeats are as far apart
            note_draining();
        }
        if (passes++ % 30 == 0) {
            count_jobs();
            database_.transact([&](store::Txn& txn) { end_load(txn, kLongestLoad, log_); });
        }
        if (passes % 600 == 0) {
            tidy();
        }
        runtime::pause(stop, Millis(1'000));
    }
}

void TimeoutLoop::pass() {
    if (progress_.caught_up()) {
        end_silent_attempts();
        resend();
        expire_specs();
    }
}

void TimeoutLoop::note_draining() {
    constexpr std::size_t kMost = 500;
    if (!progress_.caught_up()) {
        return;
    }
    const auto changes =
        database_.transact([](store::Txn& txn) { return drain_changes(txn, kMostDrainNotices, kMost); });
    if (changes.empty()) {
        return;
    }
    std::vector<JobId> ids;
    std::transform(changes.begin(), changes.end(), std::back_inserter(ids),
                   [](const auto& change) { return change.first; });
    const auto noted = database_.transact([&](store::Txn& txn) -> std::size_t {
        const auto policy = deployment_.policy(txn);
        return policy ? change_jobs(txn, ids, *policy,
                                    [&](const JobCase& job, Timestamp now) {
                                        return decide_drain(job, changes.at(job.row.id), now);
                                    })
                      : 0;
    });
    if (noted > 0) {
        log_.info("waiting jobs notified of draining providers", {{"count", noted}});
    }
}

void TimeoutLoop::end_silent_attempts() {
    const auto begin = clock_.steady();
    if (!pace_of_reading_.due(begin)) {
        return;
    }
    const auto ended = overdue_attempts(database_.transact(active_attempts));
    pace_of_reading_.read(begin, clock_.steady());
    if (ended.empty() || !statuses_are_read_()) {
        return;
    }
    const auto count = end_attempts(ended);
    if (count > 0) {
        retries_.add(static_cast<double>(count));
        log_.warn("attempts timed out", {{"count", count}});
    }
}

std::map<JobId, OverdueAttempt> TimeoutLoop::overdue_attempts(const std::vector<ActiveAttempt>& active) {
    std::vector<PresenceClock::Attempt> waiting;
    std::vector<DeadlineWatch::Attempt> timed;
    for (const auto& attempt : active) {
        waiting.push_back(presence_attempt(attempt));
        timed.push_back({attempt.job_id, attempt.attempt, attempt.state});
    }
    std::map<JobId, OverdueAttempt> out;
    const auto end = [&](const JobId& job, std::uint32_t attempt, std::string reason) {
        out.try_emplace(job, OverdueAttempt{attempt, std::move(reason)});
    };
    const auto now = clock_.steady();
    deadlines_.watch(timed, now);
    for (std::size_t i = 0; i < active.size(); ++i) {
        const auto limit = limit_of(active[i], config_);
        if (limit && deadlines_.elapsed(timed[i], now) > *limit) {
            end(timed[i].job_id, timed[i].attempt,
                active[i].state == WorkState::kAccepted ? "accepted, but not started in time"
                                                        : "still running after its time limit");
        }
    }
    presence_.watch(waiting);
    const auto waited_for = presence_.waited();
    to_resend_ = pace_.due(waited_for);
    for (const auto& waited : waited_for) {
        const auto& attempt = waited.attempt;
        const bool acceptance = attempt.waiting == PresenceClock::Waiting::kAcceptance;
        if (acceptance && waited.idle > config_.accept_timeout) {
            end(attempt.job_id, attempt.attempt,
                "not accepted within " + lamda::to_string(config_.accept_timeout) +
                    " by a provider with free capacity");
        } else if (!acceptance && waited.present > config_.silence) {
            end(attempt.job_id, attempt.attempt,
                "no status for " + lamda::to_string(config_.silence) + " from a provider that is present");
        }
    }
    return out;
}

void TimeoutLoop::resend() {
    constexpr std::size_t kMost = 500;
    // Two transactions: the second one locks jobs before attempts, as all others do.
    auto count = database_.transact([](store::Txn& txn) {
        const auto retractions = take_owed_retractions(txn, kMost);
        resend_retractions(txn, retractions);
        return retractions.size();
    });
    if (!to_resend_.empty()) {
        count += database_.transact([&](store::Txn& txn) { return resend_assignments(txn, to_resend_); });
        to_resend_.clear();
    }
    if (count > 0) {
        resent_.add(static_cast<double>(count));
        log_.info("messages without effect sent again", {{"count", count}});
    }
}

std::size_t TimeoutLoop::change_jobs(store::Txn& txn, const std::vector<JobId>& ids, const Policy& policy,
                                     const std::function<JobWrite(const JobCase&, Timestamp)>& decide) {
    std::vector<JobWrite> writes;
    for (const auto& [id, job] : load_jobs(txn, ids)) {
        auto write = decide(job, clock_.now());
        if (!write.nothing()) {
            writes.push_back(std::move(write));
        }
    }
    write_jobs(txn, writes, policy.chain_id, clock_.now());
    return writes.size();
}

std::size_t TimeoutLoop::end_attempts(const std::map<JobId, OverdueAttempt>& overdue) {
    std::vector<JobId> ids;
    std::transform(overdue.begin(), overdue.end(), std::back_inserter(ids),
                   [](const auto& attempt) { return attempt.first; });
    return database_.transact([&](store::Txn& txn) -> std::size_t {
        const auto policy = deployment_.policy(txn);
        return policy ? change_jobs(txn, ids, *policy,
                                    [&](const JobCase& job, Timestamp now) {
                                        return decide_silence(job, overdue.at(job.row.id), *policy, now);
                                    })
                      : 0;
    });
}

void TimeoutLoop::expire_specs() {
    const auto expired = database_.transact([&](store::Txn& txn) -> std::size_t {
        const auto policy = deployment_.policy(txn);
        return policy ? change_jobs(txn, overdue_specs(txn, clock_.now() - config_.spec_ttl), *policy,
                                    decide_spec_ttl)
                      : 0;
    });
    if (expired > 0) {
        log_.info("jobs expired without a spec", {{"count", expired}});
    }
}

void TimeoutLoop::tidy() {
    database_.transact([&](store::Txn& txn) {
        const auto now = clock_.now();
        delete_unused_specs(txn, now - config_.spec_ttl);
        delete_early_statuses(txn, now - std::chrono::hours(24), kEarlyAtOnce);
        drop_old_retractions(txn);
        delete_answers(txn, now - std::chrono::hours(24 * 7));
    });
}

void TimeoutLoop::count_jobs() {
    std::map<std::string, std::int64_t> counts;
    for (int status = 0; status <= static_cast<int>(wire::PublicStatus::kRetracted); ++status) {
        counts[std::string(wire::to_string(static_cast<wire::PublicStatus>(status)))] = 0;
    }
    for (const auto& [status, count] : database_.transact(dispatch::count_jobs)) {
        counts[status] = count;
    }
    for (const auto& [status, count] : counts) {
        metrics_.gauge("lamda_dispatch_jobs", "Jobs by public status.", {{"status", status}})
            .set(static_cast<double>(count));
    }
}

}  // namespace lamda::dispatch
