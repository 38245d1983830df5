// Decides the reaction to a fact: from the current row and the fact to journal entries and messages. Pure
// functions, no I/O.
#pragma once

#include <vector>

#include "services/job-dispatcher/jobs/job_fold.hpp"
#include "wire/messages.hpp"

namespace lamda::dispatch {

struct Policy {
    std::uint32_t max_attempts = 3;
    Millis retry_pause{0};  ///< before the attempt that follows the first transient failure; 0: none
    ChainId chain_id;
    Address job_manager;
};

struct Retract {
    std::uint32_t attempt;
    wire::RetractReason reason;
    bool operator==(const Retract&) const = default;
};

struct JobTransition {
    std::vector<JobEvent> entries;  ///< for the journal, in order; they fold into the row
    bool send_attempt = false;      ///< send the attempt that the entries start
    Millis pause{0};                ///< before the attempt is sent
    std::optional<Retract> retract;
    bool nothing() const { return entries.empty() && !send_attempt && !retract; }
};

/// The job's spec as far as known.
struct SpecKnown {
    std::optional<wire::JobSpec> spec;  ///< absent: unknown, or `fault`
    std::string fault;                  ///< the reason why the stored bytes are not a job spec
};
SpecKnown read_spec(const std::optional<std::string>& stored);

/// Evaluates a job that is new or waits for its spec or provider. Returns no transition if nothing changed.
JobTransition evaluate(const JobRow& row, const SpecKnown& known, bool provider_registered,
                       const Policy& policy, Timestamp now);

/// The attempt of a status as far as known.
struct AttemptKnown {
    std::uint32_t last_seq = 0;  ///< 0: no status yet
    bool waiting = false;        ///< not sent yet
};
/// True if the attempt is no longer wanted: superseded, cancelled, or of an orphaned creation.
bool is_void(const JobRow& row, std::uint32_t attempt);
/// Handles a status whose signature and provider are verified. `recovering`: the status is older than this
/// database, so an attempt that the row does not know was sent before.
JobTransition on_status(const JobRow& row, const wire::JobStatus& status, const AttemptKnown& known,
                        bool recovering, const Policy& policy, Timestamp now);

/// Returns the pause before the attempt that follows `tries` counted attempts, if the last failure was
/// transient: `first`, then multiplied by five each time, at most ten minutes (or `first`, if longer).
Millis pause_after(std::uint32_t tries, Millis first);

/// Handles an attempt without acceptance, without `running` or over its deadline, at a provider that is
/// present. The next attempt is sent without a pause.
JobTransition on_silence(const JobRow& row, const std::string& reason, const Policy& policy, Timestamp now);
/// Handles the end of SPEC_TTL.
JobTransition on_spec_ttl(const JobRow& row, Timestamp now);
/// Handles an orphaned creation: retracts the active attempt.
std::optional<Retract> on_orphaned(const JobRow& row);
/// Handles a request of the operator or the renter to set `cancelled` or `failed`. Errors:
/// `illegal_transition`.
Result<JobTransition> on_set_status(const JobRow& row, const std::string& status, const std::string& message,
                                    Timestamp now);
/// Most notices about a provider that drains while one attempt waits: a provider that changes its mind every
/// few seconds fills no journal.
inline constexpr std::uint32_t kMostDrainNotices = 20;
/// Notes that the provider takes no new work, or takes work again, if the job waits for it and its journal
/// says otherwise.
JobTransition on_drain(const JobRow& row, bool draining, Timestamp now);
/// Handles a cancellation; nothing to do if the job is cancelled already. @param reason for users
/// Errors: `illegal_transition`; `not_final`: not evaluated yet, a reorganization may still replace the job's
/// renter.
Result<JobTransition> on_cancel(const JobRow& row, const std::string& reason, Timestamp now);

/// Builds the message for the row's current attempt.
wire::Assignment assignment_of(const JobRow& row, const wire::JobSpec& spec);

}  // namespace lamda::dispatch
