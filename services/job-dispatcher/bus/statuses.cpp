#include "services/job-dispatcher/bus/statuses.hpp"

#include "services/job-dispatcher/jobs/job_store.hpp"

namespace lamda::dispatch {

namespace {

using wire::ChainState;

/// True if statuses of the job must wait: not evaluated yet, and neither confirmed nor paid.
bool awaits_evaluation(const std::optional<JobRow>& row) {
    return !row || (!row->work_state && row->chain_state != ChainState::kConfirmed &&
                    row->chain_state != ChainState::kPaid);
}

/// Limits of early statuses: of one provider, and of all providers that are not registered.
constexpr std::int64_t kMostEarlyOfProvider = 200;
constexpr std::int64_t kMostEarly = 1'000;

bool has_room_for_early(store::Txn& txn, const Address& provider) {
    const auto row = txn.first(
        "SELECT (SELECT count(*) FROM (SELECT 1 FROM dispatch.early_status WHERE provider = $1 LIMIT $2) AS "
        "own) "
        "< $2 AND (EXISTS (SELECT 1 FROM api.node WHERE wallet_address = $1 AND is_registered) OR "
        "(SELECT count(*) FROM (SELECT 1 FROM dispatch.early_status LIMIT $3) AS every) < $3) AS room",
        {provider, kMostEarlyOfProvider, kMostEarly});
    return row->get<bool>("room");
}

void keep_early(store::Txn& txn, const ReceivedStatus& received) {
    const auto& status = received.status;
    txn.exec(
        "INSERT INTO dispatch.early_status (job_id, provider, attempt, seq, recovering, body) "
        "VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING",
        {status.job_id, status.provider, status.attempt, status.seq, received.recovering, received.body});
}

AttemptKnown attempt_known(store::Txn& txn, const JobId& job, std::uint32_t attempt) {
    const auto row = txn.first(
        "SELECT last_seq, state = 'waiting' AS waiting FROM dispatch.assignment WHERE job_id = $1 AND "
        "attempt = $2",
        {job, attempt});
    return row ? AttemptKnown{row->get<std::uint32_t>("last_seq"), row->get<bool>("waiting")}
               : AttemptKnown{};
}

void note_progress(store::Txn& txn, const wire::JobStatus& status, Timestamp now) {
    const bool over =
        status.status == wire::StatusKind::kCompleted || status.status == wire::StatusKind::kFailed;
    txn.exec(
        "INSERT INTO dispatch.assignment AS a (job_id, attempt, provider, state, created_at, last_seq, "
        "last_status_at) "
        "VALUES ($1, $2, $3, CASE WHEN $4 THEN 'done' ELSE 'recovered' END, $6, $5, $6) "
        "ON CONFLICT (job_id, attempt) DO UPDATE SET last_seq = greatest(a.last_seq, excluded.last_seq), "
        "last_status_at = excluded.last_status_at, state = CASE WHEN $4 THEN 'done' ELSE a.state END",
        {status.job_id, status.attempt, status.provider, over, status.seq, now});
}

/// Adds one status to a write. @returns true if it changed or journalled anything
bool put_status(store::Txn& txn, JobWrite& write, const ReceivedStatus& received, const Policy& policy,
                Timestamp now) {
    const auto& status = received.status;
    if (has_status_entry(txn, status.job_id, status.attempt, status.seq)) {
        return false;
    }
    const auto row = present(write);
    const auto known = attempt_known(txn, status.job_id, status.attempt);
    JobTransition transition = on_status(*row, status, known, received.recovering,
                                         received.recovering ? policy : policy_for(policy, write.spec), now);
    const bool refused = !transition.entries.empty() && transition.entries.back().refused_reason;
    const bool known_attempt = status.attempt <= row->attempt || !refused;
    if (known_attempt && !known.waiting && status.seq > known.last_seq) {
        note_progress(txn, status, now);
    }
    const bool something = !transition.nothing();
    write.add(std::move(transition));
    return something;
}

}  // namespace

std::string_view to_string(StatusOutcome outcome) {
    switch (outcome) {
        case StatusOutcome::kApplied:
            return "applied";
        case StatusOutcome::kUnchanged:
            return "unchanged";
        case StatusOutcome::kEarly:
            return "early";
        case StatusOutcome::kNoRoom:
            return "no_room";
        case StatusOutcome::kWrongProvider:
            return "wrong_provider";
    }
    return "";
}

std::optional<JobRow> present(const JobWrite& write) {
    auto row = write.before;
    for (const auto& entry : write.entries) {
        apply_event(row, entry);
    }
    return row;
}

Policy policy_for(const Policy& policy, const std::optional<wire::JobSpec>& spec) {
    Policy out = policy;
    out.max_attempts = spec ? policy.max_attempts : 0;
    return out;
}

void end_without_spec(JobWrite& write, const Policy& policy, Timestamp now) {
    if (write.send_attempt && !write.spec) {
        write.send_attempt = false;
        write.add(on_silence(*present(write), "the job spec is no longer stored",
                             policy_for(policy, write.spec), now));
    }
}

StatusOutcome take_status(store::Txn& txn, const ReceivedStatus& received, const Policy& policy,
                          bool caught_up, Timestamp now) {
    const JobId id = received.status.job_id;
    auto rows = lock_jobs(txn, {id});
    const auto found = rows.find(id);
    std::optional<JobRow> row;
    if (found != rows.end()) {
        row = found->second;
        if (row->provider != received.status.provider) {
            return StatusOutcome::kWrongProvider;
        }
    }
    if (awaits_evaluation(row)) {
        // Statuses of a former database all arrive before their jobs.
        if (!row && !received.recovering && !has_room_for_early(txn, received.status.provider)) {
            return StatusOutcome::kNoRoom;
        }
        keep_early(txn, received);
        return StatusOutcome::kEarly;
    }
    std::vector<JobWrite> writes(1);
    writes[0].before = row;
    const auto specs = read_specs(txn, {id});
    writes[0].spec = read_spec(specs.contains(id) ? std::optional(specs.at(id)) : std::nullopt).spec;
    if (!put_status(txn, writes[0], received, policy, now)) {
        return StatusOutcome::kUnchanged;
    }
    end_without_spec(writes[0], policy, now);
    if (writes[0].send_attempt && !caught_up) {
        throw Deferred();
    }
    write_jobs(txn, writes, policy.chain_id, now);
    return StatusOutcome::kApplied;
}

bool early_statuses_wait(store::Txn& txn) {
    return txn.first("SELECT 1 AS one FROM dispatch.early_status LIMIT 1").has_value();
}

void absorb_early(store::Txn& txn, JobWrite& write, const Policy& policy, Timestamp now) {
    const auto row = present(write);
    if (!row) {
        return;
    }
    const auto waiting =
        txn.exec("DELETE FROM dispatch.early_status WHERE job_id = $1 RETURNING *", {row->id});
    std::map<std::pair<std::uint32_t, std::uint32_t>, ReceivedStatus> ordered;
    for (const auto line : waiting) {
        auto status = wire::parse_status(line.get<std::string>("body"));
        if (status && status->provider == row->provider) {
            const std::pair key{status->attempt, status->seq};
            ordered.emplace(key, ReceivedStatus{std::move(*status), "", line.get<bool>("recovering")});
        }
    }
    for (const auto& [key, received] : ordered) {
        put_status(txn, write, received, policy, now);
    }
    end_without_spec(write, policy, now);
}

}  // namespace lamda::dispatch
