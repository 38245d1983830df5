#include "services/job-dispatcher/jobs/job_transitions.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "store/values.hpp"

namespace lamda::dispatch {

namespace {

using wire::ChainState;
using wire::StatusKind;
using wire::WorkFact;
using wire::WorkState;

JobEvent entry(const JobRow& row, WorkFact fact, Timestamp at) {
    JobEvent out;
    out.job_id = row.id;
    out.fact = fact;
    out.at = at;
    return out;
}

/// Returns an entry with a reason for users.
JobEvent explained(const JobRow& row, WorkFact fact, Timestamp at, const std::string& message) {
    JobEvent out = entry(row, fact, at);
    out.body.error_message = store::storable(message, 1'024);
    return out;
}

FactBody spec_body(const wire::JobSpec& spec) {
    FactBody body;
    body.docker_image = store::storable(spec.docker_image);
    body.input_file_cid = spec.input_file_cid;
    body.time_limit_seconds = spec.requirements.time_limit_seconds;
    return body;
}

bool may_send(const JobRow& row) {
    return row.chain_state == ChainState::kCreated;
}

/// Starts the next attempt if MAX_ATTEMPTS allows one, and voids the current one. `history`: this was decided
/// before this database was created.
JobTransition retry_or_end(const JobRow& row, JobEvent cause, const std::string& reason, const Policy& policy,
                           bool history = false) {
    JobTransition out;
    cause.attempt = row.attempt;
    cause.body.error_message = store::storable(reason, 1'024);
    if ((may_send(row) || history) && row.tries < policy.max_attempts) {
        cause.fact = WorkFact::kRetry;
        cause.body.next_attempt = row.attempt + 1;
        out.send_attempt = may_send(row);
        out.retract = Retract{row.attempt, wire::RetractReason::kSuperseded};
    } else {
        cause.fact = WorkFact::kExhausted;
        out.retract = Retract{row.attempt, wire::RetractReason::kCancelled};
    }
    out.entries.push_back(std::move(cause));
    return out;
}

std::string describe(const wire::JobStatus& status) {
    std::string out = status.error_code ? std::string(wire::to_string(*status.error_code)) : "failed";
    if (status.error_message && !status.error_message->empty()) {
        out += ": " + *status.error_message;
    }
    return out;
}

/// Returns the time of the fact. The agent's clock may be wrong: a start counts from its receipt (deadlines
/// run from it), an end is clamped to between the assignment and now.
Timestamp time_of(const JobRow& row, const wire::JobStatus& status, bool recovering, Timestamp now) {
    const bool is_start = status.status == StatusKind::kAccepted || status.status == StatusKind::kRunning;
    if (is_start && !recovering) {
        return now;
    }
    const Timestamp earliest = recovering ? row.created_at : row.assigned_at.value_or(row.created_at);
    return std::min(std::max(status.at, earliest), now);
}

JobEvent entry_of(const JobRow& row, const wire::JobStatus& status, WorkFact fact, bool recovering,
                  Timestamp now) {
    JobEvent out = entry(row, fact, time_of(row, status, recovering, now));
    out.attempt = status.attempt;
    out.seq = status.seq;
    if (status.output_file_cid) {
        out.body.output_file_cid = store::storable(*status.output_file_cid, 512);
    }
    if (status.error_code) {
        out.body.error_code = std::string(wire::to_string(*status.error_code));
    }
    out.body.exit_code = status.exit_code;
    return out;
}

WorkFact fact_of(const wire::JobStatus& status) {
    switch (status.status) {
        case StatusKind::kAccepted:
            return WorkFact::kAccepted;
        case StatusKind::kRunning:
            return WorkFact::kRunning;
        case StatusKind::kCompleted:
            return WorkFact::kCompleted;
        case StatusKind::kFailed:
            return WorkFact::kFailedForGood;
    }
    return WorkFact::kFailedForGood;
}

JobTransition refused(const JobRow& row, const wire::JobStatus& status, const std::string& reason,
                      Timestamp now) {
    JobTransition out;
    out.entries.push_back(entry_of(row, status, fact_of(status), false, now));
    out.entries.back().refused_reason = reason;
    return out;
}

/// Returns the entry that adds to a rebuilt row an attempt that was sent before the database was created.
std::optional<JobEvent> recovered_attempt(const JobRow& row, const wire::JobStatus& status, Timestamp now) {
    const auto fact = row.has_active_attempt() ? WorkFact::kRetry : WorkFact::kAssignable;
    if (!wire::next_state(row.work_state, fact)) {
        return std::nullopt;
    }
    JobEvent out = entry(row, fact, time_of(row, status, true, now));
    out.body.next_attempt = status.attempt;
    return out;
}

JobTransition on_present_attempt(const JobRow& row, const wire::JobStatus& status, bool recovering,
                                 const Policy& policy, Timestamp now) {
    const bool repeated = (status.status == StatusKind::kRunning && row.work_state == WorkState::kRunning) ||
                          (status.status == StatusKind::kAccepted && row.work_state == WorkState::kAccepted);
    if (repeated) {
        return {};  // progress: only the last value is kept
    }
    // Only a rebuilt database applies `retracted`: the former one had voided the attempt.
    const bool transient =
        status.status == StatusKind::kFailed && status.error_code &&
        (wire::is_transient(*status.error_code) || status.error_code == wire::ErrorCode::kRetracted);
    const WorkFact fact = transient ? WorkFact::kExhausted : fact_of(status);
    if (!wire::next_state(row.work_state, fact)) {
        const auto state = row.work_state ? wire::to_string(*row.work_state) : "not evaluated";
        return refused(row, status,
                       fmt::format("{} does not follow {}", wire::to_string(status.status), state), now);
    }
    JobEvent event = entry_of(row, status, fact, recovering, now);
    if (transient) {
        JobTransition out = retry_or_end(row, std::move(event), describe(status), policy, recovering);
        if (!out.send_attempt) {
            out.retract.reset();  // the attempt has ended
        } else if (!recovering) {
            out.pause = pause_after(row.tries, policy.retry_pause);
        }
        return out;
    }
    if (status.status == StatusKind::kFailed) {
        event.body.error_message = store::storable(describe(status), 1'024);
    }
    JobTransition out;
    out.entries.push_back(std::move(event));
    return out;
}

}  // namespace

bool is_void(const JobRow& row, std::uint32_t attempt) {
    return attempt < row.attempt || row.chain_state == ChainState::kAbsent || !row.has_active_attempt();
}

SpecKnown read_spec(const std::optional<std::string>& stored) {
    SpecKnown out;
    if (stored) {
        if (auto spec = wire::parse_canonical_job_spec(*stored)) {
            out.spec = std::move(*spec);
        } else {
            out.fault =
                spec.error().message + (spec.error().where.empty() ? "" : " at " + spec.error().where);
        }
    }
    return out;
}

JobTransition evaluate(const JobRow& row, const SpecKnown& known, bool provider_registered,
                       const Policy& policy, Timestamp now) {
    JobTransition out;
    const auto put = [&](JobEvent event) {
        const auto next = wire::next_state(row.work_state, std::get<WorkFact>(event.fact));
        if (next && next != row.work_state) {
            out.entries.push_back(std::move(event));
        }
    };
    if (!may_send(row)) {
        return out;
    }
    if (!known.fault.empty()) {
        put(explained(row, WorkFact::kSpecContradicts, now, "invalid job spec: " + known.fault));
        return out;
    }
    if (!known.spec) {
        put(entry(row, WorkFact::kSpecMissing, now));
        return out;
    }
    const wire::OnChainJob on_chain{policy.chain_id, policy.job_manager, row.renter, row.provider,
                                    row.payment};
    if (const auto wrong = wire::contradiction(*known.spec, on_chain)) {
        put(explained(row, WorkFact::kSpecContradicts, now, *wrong));
        return out;
    }
    JobEvent event =
        entry(row, provider_registered ? WorkFact::kAssignable : WorkFact::kProviderUnknown, now);
    event.body = spec_body(*known.spec);
    if (provider_registered) {
        event.body.next_attempt = row.attempt + 1;
        event.body.uncounted = row.tries > 0;  // only a reorg evaluates a job with attempts again
    }
    put(std::move(event));
    out.send_attempt = provider_registered && !out.entries.empty();
    return out;
}

JobTransition on_status(const JobRow& row, const wire::JobStatus& status, const AttemptKnown& known,
                        bool recovering, const Policy& policy, Timestamp now) {
    if (status.error_code == wire::ErrorCode::kRetracted && status.attempt <= row.attempt) {
        return refused(row, status,
                       is_void(row, status.attempt) ? "the agent has stopped this retracted attempt"
                                                    : "this attempt was not retracted",
                       now);
    }
    if (status.attempt < row.attempt) {
        return refused(row, status, fmt::format("superseded by attempt {}", row.attempt), now);
    }
    if (status.attempt == row.attempt && known.waiting && !recovering) {
        return refused(row, status, "this attempt has not been sent yet", now);
    }
    if (status.attempt == row.attempt) {
        return status.seq <= known.last_seq ? JobTransition{}
                                            : on_present_attempt(row, status, recovering, policy, now);
    }
    const auto recovered = recovering ? recovered_attempt(row, status, now) : std::nullopt;
    if (!recovered) {
        return refused(row, status, "this attempt was never sent", now);
    }
    std::optional<JobRow> with_attempt = row;
    apply_event(with_attempt, *recovered);
    JobTransition out = on_present_attempt(*with_attempt, status, recovering, policy, now);
    out.entries.insert(out.entries.begin(), *recovered);
    return out;
}

Millis pause_after(std::uint32_t tries, Millis first) {
    constexpr Millis kLongest{10 * 60'000};
    constexpr int kGrowth = 5;
    Millis pause = first;
    for (std::uint32_t i = 1; i < tries && pause < kLongest; ++i) {
        pause = std::min(kGrowth * pause, kLongest);
    }
    return pause;
}

JobTransition on_silence(const JobRow& row, const std::string& reason, const Policy& policy, Timestamp now) {
    if (!row.has_active_attempt()) {
        return {};
    }
    return retry_or_end(row, entry(row, WorkFact::kExhausted, now), reason, policy);
}

JobTransition on_spec_ttl(const JobRow& row, Timestamp now) {
    JobTransition out;
    if (wire::next_state(row.work_state, WorkFact::kSpecExpired)) {
        out.entries.push_back(
            explained(row, WorkFact::kSpecExpired, now, "no job spec received within SPEC_TTL"));
    }
    return out;
}

std::optional<Retract> on_orphaned(const JobRow& row) {
    if (!row.has_active_attempt()) {
        return std::nullopt;
    }
    return Retract{row.attempt, wire::RetractReason::kOrphaned};
}

Result<JobTransition> on_set_status(const JobRow& row, const std::string& status, const std::string& message,
                                    Timestamp now) {
    const auto fact = status == "cancelled" ? WorkFact::kSetCancelled : WorkFact::kSetFailed;
    const bool paid_for = row.chain_state == ChainState::kConfirmed || row.chain_state == ChainState::kPaid;
    if (paid_for || !wire::next_state(row.work_state, fact)) {
        return Error{"illegal_transition",
                     fmt::format("a job that is {} cannot become {}", wire::to_string(row.status()), status),
                     "/status"};
    }
    JobTransition out;
    out.entries.push_back(explained(row, fact, now, message.empty() ? status + " by request" : message));
    if (row.has_active_attempt()) {
        out.retract = Retract{row.attempt, wire::RetractReason::kCancelled};
    }
    return out;
}

JobTransition on_drain(const JobRow& row, bool draining, Timestamp now) {
    JobTransition out;
    const bool waits = may_send(row) && row.work_state == WorkState::kAssigned;
    if (!waits || row.provider_draining() == draining ||
        (draining && row.drain_notices >= kMostDrainNotices)) {
        return out;
    }
    out.entries.push_back(
        draining ? explained(row, WorkFact::kProviderDraining, now,
                             "the provider is draining: it finishes what it has, and takes no new work")
                 : explained(row, WorkFact::kProviderBack, now, "the provider takes work again"));
    return out;
}

Result<JobTransition> on_cancel(const JobRow& row, const std::string& reason, Timestamp now) {
    const bool open = row.chain_state == ChainState::kCreated || row.chain_state == ChainState::kAbsent;
    if (open && row.work_state == WorkState::kCancelled) {
        return JobTransition{};
    }
    if (open && !row.work_state) {
        return Error{"not_final", "no final block holds the job yet; try again in some seconds", ""};
    }
    auto out = on_set_status(row, "cancelled", reason, now);
    if (!out) {
        return Error{out.error().code, out.error().message, ""};
    }
    return out;
}

wire::Assignment assignment_of(const JobRow& row, const wire::JobSpec& spec) {
    wire::Assignment out;
    out.job_id = row.id;
    out.attempt = row.attempt;
    out.provider = row.provider;
    out.docker_image = spec.docker_image;
    out.input_file_cid = spec.input_file_cid;
    out.command = spec.command;
    out.env = spec.env;
    out.requirements = spec.requirements;
    out.chain_id = spec.chain_id;
    out.job_manager = spec.job_manager;
    out.renter = row.renter;
    out.payment = row.payment;
    if (!spec.secrets.empty()) {
        out.spec = wire::canonical_json(spec);
    }
    out.block_number = row.created_in.block.number;
    out.block_hash = row.created_in.block.hash;
    return out;
}

}  // namespace lamda::dispatch
