#include "services/job-dispatcher/dispatch/timeout_loop.hpp"

#include <map>

#include "core/duration.hpp"
#include "runtime/app.hpp"
#include "services/job-dispatcher/bus/statuses.hpp"
#include "services/job-dispatcher/ingest/bulk_load.hpp"
#include "services/job-dispatcher/jobs/job_store.hpp"
#include "services/job-dispatcher/jobs/job_write.hpp"

namespace lamda::dispatch {

namespace {

using wire::WorkState;

struct OpenAttempt {
    PresenceClock::Attempt attempt;
    WorkState state;
    std::optional<Millis> limit;  ///< of the state: preparing or running
};

/// Selects active attempts. Skips those whose assignment is still in the outbox: the accept clock has not
/// started. Message ids have the format of wire::dispatch_message_id.
std::vector<OpenAttempt> open_attempts(store::Txn& txn, const TimeoutConfig& config) {
    std::vector<OpenAttempt> out;
    for (const auto row :
         txn.exec("SELECT j.id, j.attempt, j.provider, j.work_state, "
                  "j.time_limit_seconds, "
                  "coalesce(a.last_seq, 0) AS last_seq, coalesce(n.heartbeat_seq, 0) AS heartbeat_seq "
                  "FROM dispatch.job j LEFT JOIN api.node n ON n.wallet_address = j.provider "
                  "LEFT JOIN dispatch.assignment a ON a.job_id = j.id AND a.attempt = j.attempt "
                  "WHERE j.work_state IN ('assigned', 'accepted', 'running') AND j.chain_state = 'created' "
                  "AND a.state IS DISTINCT FROM 'waiting' "
                  "AND NOT (j.work_state = 'assigned' AND EXISTS (SELECT 1 FROM bus.outbox o "
                  "WHERE o.owner = $1 AND o.message_id LIKE 'dispatch:%' "
                  "AND split_part(o.message_id, ':', 2) = '0x' || encode(j.id, 'hex') "
                  "AND split_part(o.message_id, ':', 3) = j.attempt::text))",
                  {kOutboxOwner})) {
        OpenAttempt open{{row.get<JobId>("id"), row.get<std::uint32_t>("attempt"),
                          row.get<Address>("provider"), PresenceClock::Waiting::kProgress,
                          row.get<std::uint32_t>("last_seq"), row.get<std::uint64_t>("heartbeat_seq")},
                         wire::parse_work_state(row.get<std::string>("work_state")).value(),
                         std::nullopt};
        if (open.state == WorkState::kAssigned) {
            open.attempt.waiting = PresenceClock::Waiting::kAcceptance;
        }
        const auto limit = row.maybe<std::uint32_t>("time_limit_seconds");
        if (open.state == WorkState::kAccepted) {
            open.limit = config.prepare_limit;
        } else if (open.state == WorkState::kRunning && limit) {
            open.limit = std::chrono::seconds(*limit) + config.run_grace;
        }
        out.push_back(open);
    }
    return out;
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
                                       "Attempts ended by a timeout: the provider sent no status in time.")) {
}

void TimeoutLoop::run(const std::stop_token& stop) {
    int passes = 0;
    while (!stop.stop_requested()) {
        pass();
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
        expire_specs();
    }
}

void TimeoutLoop::end_silent_attempts() {
    const auto open = database_.transact([&](store::Txn& txn) { return open_attempts(txn, config_); });
    std::vector<PresenceClock::Attempt> watched;
    std::map<JobId, std::string> ended;
    std::vector<DeadlineWatch::Attempt> timed;
    for (const auto& attempt : open) {
        watched.push_back(attempt.attempt);
        timed.push_back({attempt.attempt.job_id, attempt.attempt.attempt, attempt.state});
    }
    const auto now = clock_.steady();
    deadlines_.watch(timed, now);
    for (std::size_t i = 0; i < open.size(); ++i) {
        if (open[i].limit && deadlines_.elapsed(timed[i], now) > *open[i].limit) {
            ended.emplace(timed[i].job_id, open[i].state == WorkState::kAccepted
                                               ? "accepted, but not started in time"
                                               : "still running after its time limit");
        }
    }
    presence_.watch(watched);
    for (const auto& waited : presence_.waited()) {
        const bool acceptance = waited.attempt.waiting == PresenceClock::Waiting::kAcceptance;
        if (acceptance && waited.idle > config_.accept_timeout) {
            ended.emplace(waited.attempt.job_id, "not accepted within " +
                                                     lamda::to_string(config_.accept_timeout) +
                                                     " by a provider with free capacity");
        } else if (!acceptance && waited.present > config_.silence) {
            ended.emplace(waited.attempt.job_id, "no status for " + lamda::to_string(config_.silence) +
                                                     " from a provider that is present");
        }
    }
    if (ended.empty() || !statuses_are_read_()) {
        return;
    }
    std::vector<JobId> ids;
    std::map<JobId, std::uint32_t> attempts;
    for (const auto& attempt : watched) {
        attempts[attempt.job_id] = attempt.attempt;
        if (ended.contains(attempt.job_id)) {
            ids.push_back(attempt.job_id);
        }
    }
    const auto count = database_.transact([&](store::Txn& txn) -> std::size_t {
        const auto policy = deployment_.policy(txn);
        if (!policy) {
            return 0;
        }
        const auto rows = lock_jobs(txn, ids);
        const auto specs = read_specs(txn, ids);
        std::vector<JobWrite> writes;
        for (const auto& [id, row] : rows) {
            if (row.attempt != attempts.at(id)) {
                continue;  // a newer attempt is active
            }
            JobWrite write;
            write.before = row;
            const auto stored = specs.find(id);
            write.spec = read_spec(stored == specs.end() ? std::nullopt : std::optional(stored->second)).spec;
            write.add(on_silence(row, ended.at(id), policy_for(*policy, write.spec), clock_.now()));
            if (!write.entries.empty()) {
                writes.push_back(std::move(write));
            }
        }
        write_jobs(txn, writes, policy->chain_id, clock_.now());
        return writes.size();
    });
    if (count > 0) {
        retries_.add(static_cast<double>(count));
        log_.warn("attempts timed out", {{"count", count}});
    }
}

void TimeoutLoop::expire_specs() {
    const auto expired = database_.transact([&](store::Txn& txn) -> std::size_t {
        const auto policy = deployment_.policy(txn);
        if (!policy) {
            return 0;
        }
        std::vector<JobId> ids;
        for (const auto row : txn.exec("SELECT id FROM dispatch.job WHERE work_state = 'awaiting_spec' AND "
                                       "work_since < $1 LIMIT 500",
                                       {clock_.now() - config_.spec_ttl})) {
            ids.push_back(row.get<JobId>("id"));
        }
        std::vector<JobWrite> writes;
        for (const auto& [id, row] : lock_jobs(txn, ids)) {
            JobWrite write;
            write.before = row;
            write.add(on_spec_ttl(row, clock_.now()));
            writes.push_back(std::move(write));
        }
        write_jobs(txn, writes, policy->chain_id, clock_.now());
        return writes.size();
    });
    if (expired > 0) {
        log_.info("jobs expired without a spec", {{"count", expired}});
    }
}

void TimeoutLoop::tidy() {
    database_.transact([&](store::Txn& txn) {
        const auto now = clock_.now();
        txn.exec(
            "DELETE FROM dispatch.spec s WHERE s.created_at < $1 "
            "AND NOT EXISTS (SELECT 1 FROM dispatch.job j WHERE j.id = s.id) "
            "AND NOT EXISTS (SELECT 1 FROM dispatch.attached_spec a WHERE a.spec_id = s.id)",
            {now - config_.spec_ttl});
        txn.exec("DELETE FROM dispatch.early_status WHERE received_at < $1", {now - std::chrono::hours(24)});
        txn.exec("DELETE FROM dispatch.command WHERE at < $1", {now - std::chrono::hours(24 * 7)});
    });
}

void TimeoutLoop::count_jobs() {
    std::map<std::string, std::int64_t> counts;
    for (int status = 0; status <= static_cast<int>(wire::PublicStatus::kRetracted); ++status) {
        counts[std::string(wire::to_string(static_cast<wire::PublicStatus>(status)))] = 0;
    }
    database_.transact([&](store::Txn& txn) {
        for (const auto row : txn.exec("SELECT status, count(*) AS jobs FROM dispatch.job GROUP BY status")) {
            counts[row.get<std::string>("status")] = row.get<std::int64_t>("jobs");
        }
    });
    for (const auto& [status, count] : counts) {
        metrics_.gauge("lamda_dispatch_jobs", "Jobs by public status.", {{"status", status}})
            .set(static_cast<double>(count));
    }
}

}  // namespace lamda::dispatch
