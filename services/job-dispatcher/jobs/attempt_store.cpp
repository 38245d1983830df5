#include "services/job-dispatcher/jobs/attempt_store.hpp"

#include <unordered_set>

#include "services/job-dispatcher/ingest/deployment.hpp"
#include "store/values.hpp"
#include "wire/subjects.hpp"

namespace lamda::dispatch {

namespace {

using store::Txn;

/// Selects open attempts. A confirmed or paid job without a result counts as open for a day: its status may
/// be lost.
constexpr auto kOpenSql = R"(
SELECT j.id FROM dispatch.job j
JOIN dispatch.assignment a ON a.job_id = j.id AND a.attempt = j.attempt
WHERE j.id > $1 AND a.state IN ('out', 'recovered')
  AND ((j.chain_state = 'created' AND j.work_state IN ('assigned', 'accepted', 'running'))
       OR (j.chain_state IN ('confirmed', 'paid') AND j.work_state IN ('accepted', 'running')
           AND j.updated_at > now() - interval '1 day'))
ORDER BY j.id LIMIT $2)";

/// Selects retractions within the retention time of RETRACT.
constexpr auto kRetractedSql = R"(
SELECT DISTINCT ON (a.job_id, a.provider) a.job_id, a.provider, a.attempt, j.attempt > a.attempt AS superseded,
       j.chain_state = 'absent' AS orphaned
FROM dispatch.assignment a JOIN dispatch.job j ON j.id = a.job_id
WHERE a.state = 'void' AND a.created_at > now() - interval '30 days'
ORDER BY a.job_id, a.provider, a.attempt DESC)";

/// Takes retractions that are due, at providers that are online, and sets when they are due the next time:
/// pauses from 30 s to 1 h.
constexpr auto kOwedSql = R"(
UPDATE dispatch.assignment a SET retract_repeats = a.retract_repeats + 1,
       retract_due_at = now() + least(interval '30 s' * (2 ^ least(a.retract_repeats, 7)), interval '1 hour')
FROM dispatch.job j WHERE j.id = a.job_id AND (a.job_id, a.attempt) IN (
    SELECT o.job_id, o.attempt FROM dispatch.assignment o JOIN api.node n ON n.wallet_address = o.provider
    WHERE o.retract_due_at <= now() AND o.state = 'void' AND n.is_online
      AND o.created_at > now() - interval '30 days'
    ORDER BY o.retract_due_at LIMIT $1 FOR UPDATE OF o SKIP LOCKED)
RETURNING a.job_id, a.provider, a.attempt, j.attempt > a.attempt AS superseded,
          j.chain_state = 'absent' AS orphaned)";

template <class Rows>
std::vector<VoidAttempt> void_attempts(const Rows& rows) {
    std::vector<VoidAttempt> out;
    for (const auto row : rows) {
        out.push_back({row.template get<JobId>("job_id"), row.template get<std::uint32_t>("attempt"),
                       row.template get<Address>("provider"), row.template get<bool>("superseded"),
                       row.template get<bool>("orphaned")});
    }
    return out;
}

/// Returns the message ids of assignments in the outbox, without the suffix of one that was sent again. Such
/// a one counts after some seconds only, when the bus refuses it: otherwise each repeat would restart the
/// accept timeout.
std::unordered_set<std::string> unsent_assignments(Txn& txn) {
    std::unordered_set<std::string> out;
    for (const auto row :
         txn.exec("SELECT substring(message_id FROM '^dispatch:[^:]*:[^:]*') AS message_id FROM bus.outbox "
                  "WHERE owner = $1 AND message_id LIKE 'dispatch:%' "
                  "AND (message_id NOT LIKE 'dispatch:%:%:%' OR created_at < now() - interval '5 s')",
                  {kOutboxOwner})) {
        out.insert(row.get<std::string>("message_id"));
    }
    return out;
}

}  // namespace

void put_assignments(Txn& txn, const std::vector<const JobRow*>& jobs, Timestamp now) {
    if (jobs.empty()) {
        return;
    }
    const auto each = [&](auto member) {
        return store::array_of(jobs, [&](const JobRow* job) { return job->*member; });
    };
    txn.exec(
        "INSERT INTO dispatch.assignment (job_id, attempt, provider, state, created_at) "
        "SELECT job_id, attempt, provider, 'out', $4 FROM unnest($1::bytea[], $2::int[], $3::bytea[]) "
        "AS a (job_id, attempt, provider) ON CONFLICT (job_id, attempt) DO UPDATE SET state = 'out'",
        {each(&JobRow::id), each(&JobRow::attempt), each(&JobRow::provider), now});
}

void put_waiting(Txn& txn, const std::vector<WaitingAttempt>& attempts, Timestamp now) {
    for (const auto& attempt : attempts) {
        txn.exec(
            "INSERT INTO dispatch.assignment (job_id, attempt, provider, state, created_at, due_at) "
            "VALUES ($1, $2, $3, 'waiting', $4, now() + $5::bigint * interval '1 ms') "
            "ON CONFLICT (job_id, attempt) DO UPDATE SET state = 'waiting', due_at = excluded.due_at",
            {attempt.job->id, attempt.job->attempt, attempt.job->provider, now,
             static_cast<std::int64_t>(attempt.pause.count())});
    }
}

std::vector<JobId> due_attempts(Txn& txn, BlockNum boundary, std::size_t most) {
    std::vector<JobId> out;
    for (const auto row :
         txn.exec("SELECT a.job_id FROM dispatch.assignment a "
                  "JOIN dispatch.job j ON j.id = a.job_id AND j.attempt = a.attempt "
                  "WHERE a.state = 'waiting' AND a.due_at <= now() AND j.work_state = 'assigned' "
                  "AND j.chain_state = 'created' AND j.block_num <= $1 ORDER BY a.due_at, a.job_id LIMIT $2",
                  {boundary, static_cast<std::uint64_t>(most)})) {
        out.push_back(row.get<JobId>("job_id"));
    }
    return out;
}

void void_assignments(Txn& txn, const std::vector<RetractedAttempt>& attempts) {
    if (attempts.empty()) {
        return;
    }
    // One retraction covers all earlier attempts.
    txn.exec(
        "UPDATE dispatch.assignment a SET "
        "state = CASE WHEN a.state IN ('out', 'waiting') THEN 'void' ELSE a.state END, "
        "retract_due_at = CASE WHEN a.attempt = r.attempt AND a.state IN ('out', 'waiting') "
        "THEN now() + interval '30 s' END "
        "FROM unnest($1::bytea[], $2::int[]) AS r (job_id, attempt) "
        "WHERE a.job_id = r.job_id AND a.attempt <= r.attempt "
        "AND (a.state IN ('out', 'waiting') OR a.retract_due_at IS NOT NULL)",
        {store::array_of(attempts, &RetractedAttempt::job),
         store::array_of(attempts, &RetractedAttempt::attempt)});
}

void note_progress(Txn& txn, const wire::JobStatus& status, Timestamp now) {
    const bool over =
        status.status == wire::StatusKind::kCompleted || status.status == wire::StatusKind::kFailed;
    txn.exec(
        "INSERT INTO dispatch.assignment AS a (job_id, attempt, provider, state, created_at, last_seq, "
        "last_status_at) "
        "VALUES ($1, $2, $3, CASE WHEN $4 THEN 'done' ELSE 'recovered' END, $6, $5, $6) "
        "ON CONFLICT (job_id, attempt) DO UPDATE SET last_seq = greatest(a.last_seq, excluded.last_seq), "
        "last_status_at = excluded.last_status_at, state = CASE WHEN $4 THEN 'done' ELSE a.state END, "
        // A void attempt that still works has not received its retraction.
        "retract_due_at = CASE WHEN $4 OR a.state <> 'void' THEN NULL "
        "ELSE least(coalesce(a.retract_due_at, now()), now()) END",
        {status.job_id, status.attempt, status.provider, over, status.seq, now});
}

std::vector<ActiveAttempt> active_attempts(Txn& txn) {
    std::vector<ActiveAttempt> out;
    for (const auto row :
         txn.exec("SELECT j.id, j.attempt, j.provider, j.work_state, "
                  "j.time_limit_seconds, "
                  "coalesce(a.last_seq, 0) AS last_seq, coalesce(n.heartbeat_seq, 0) AS heartbeat_seq "
                  "FROM dispatch.job j LEFT JOIN api.node n ON n.wallet_address = j.provider "
                  "LEFT JOIN dispatch.assignment a ON a.job_id = j.id AND a.attempt = j.attempt "
                  "WHERE j.work_state IN ('assigned', 'accepted', 'running') AND j.chain_state = 'created' "
                  "AND a.state IS DISTINCT FROM 'waiting'")) {
        out.push_back({row.get<JobId>("id"), row.get<std::uint32_t>("attempt"), row.get<Address>("provider"),
                       wire::parse_work_state(row.get<std::string>("work_state")).value(),
                       row.maybe<std::uint32_t>("time_limit_seconds"), row.get<std::uint32_t>("last_seq"),
                       row.get<std::uint64_t>("heartbeat_seq")});
    }
    // Read afterwards: the message of an attempt that was found is in the outbox, or has left.
    const auto unsent = unsent_assignments(txn);
    std::erase_if(out, [&](const ActiveAttempt& attempt) {
        return attempt.state == wire::WorkState::kAssigned &&
               unsent.contains(wire::dispatch_message_id(attempt.job_id, attempt.attempt));
    });
    return out;
}

std::vector<Address> providers_at_work(Txn& txn) {
    std::vector<Address> out;
    for (const auto row : txn.exec("SELECT DISTINCT provider FROM dispatch.job "
                                   "WHERE work_state IN ('assigned', 'accepted', 'running')")) {
        out.push_back(row.get<Address>("provider"));
    }
    return out;
}

std::vector<Address> idle_providers(Txn& txn, const std::vector<Address>& providers) {
    std::vector<Address> out;
    for (const auto row :
         txn.exec("SELECT p.provider FROM unnest($1::bytea[]) AS p (provider) WHERE "
                  "NOT EXISTS (SELECT 1 FROM api.node n WHERE n.wallet_address = p.provider "
                  "AND n.last_seen > now() - interval '7 days') "
                  "AND NOT EXISTS (SELECT 1 FROM dispatch.job j WHERE j.provider = p.provider "
                  "AND j.work_state IN ('assigned', 'accepted', 'running', 'awaiting_provider')) "
                  "AND NOT EXISTS (SELECT 1 FROM dispatch.assignment a WHERE a.provider = p.provider "
                  "AND a.retract_due_at IS NOT NULL)",
                  {store::array_of(providers)})) {
        out.push_back(row.get<Address>("provider"));
    }
    return out;
}

std::vector<JobId> jobs_with_open_attempt(Txn& txn, const JobId& after, std::size_t most) {
    std::vector<JobId> out;
    for (const auto row : txn.exec(kOpenSql, {after, static_cast<std::uint64_t>(most)})) {
        out.push_back(row.get<JobId>("id"));
    }
    return out;
}

std::vector<VoidAttempt> recent_void_attempts(Txn& txn) {
    return void_attempts(txn.exec(kRetractedSql));
}

void drop_old_retractions(Txn& txn) {
    txn.exec(
        "UPDATE dispatch.assignment SET retract_due_at = NULL "
        "WHERE retract_due_at IS NOT NULL AND created_at <= now() - interval '30 days'");
}

std::vector<VoidAttempt> take_owed_retractions(Txn& txn, std::size_t most) {
    return void_attempts(txn.exec(kOwedSql, {static_cast<std::uint64_t>(most)}));
}

}  // namespace lamda::dispatch
