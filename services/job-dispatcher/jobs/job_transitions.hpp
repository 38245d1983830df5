// What follows from a fact: the present row and the fact go in; journal entries and what to send come out. No
// I/O.
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
    bool send_attempt = false;      ///< the attempt that the entries start goes to its provider
    Millis pause{0};                ///< the attempt leaves so much later
    std::optional<Retract> retract;
    bool nothing() const { return entries.empty() && !send_attempt && !retract; }
};

/// What is known of the job's spec.
struct SpecKnown {
    std::optional<wire::JobSpec> spec;  ///< absent: unknown, or `fault`
    std::string fault;                  ///< the bytes are there and are no spec: why
};
SpecKnown read_spec(const std::optional<std::string>& stored);

/// Of a job that is not judged yet or waits for its spec or provider. Nothing when nothing has changed.
JobTransition judge(const JobRow& row, const SpecKnown& known, bool provider_registered, const Policy& policy,
                    Timestamp now);

/// What is known of a status's attempt.
struct AttemptKnown {
    std::uint32_t last_seq = 0;  ///< 0: no status yet
    bool waiting = false;        ///< it has not left yet
};
/// Of a status whose signature and provider are right. `recovering`: the status is older than this database,
/// so that an attempt unknown to the row did leave once.
JobTransition on_status(const JobRow& row, const wire::JobStatus& status, const AttemptKnown& known,
                        bool recovering, const Policy& policy, Timestamp now);

/// Before the attempt that follows `tries` counted ones, the last of which failed for a passing reason:
/// `first`, then five times as long each time, at most ten minutes (or `first`, if that is more).
Millis pause_after(std::uint32_t tries, Millis first);

/// No acceptance, no `running`, or none in time from a provider that is present. Such an attempt took its
/// time already: the next one leaves at once.
JobTransition on_silence(const JobRow& row, const std::string& reason, const Policy& policy, Timestamp now);
/// SPEC_TTL has passed.
JobTransition on_spec_ttl(const JobRow& row, Timestamp now);
/// The creation is orphaned: who has the attempt must stop.
std::optional<Retract> on_orphaned(const JobRow& row);
/// Operator's or renter's will: `cancelled` or `failed`. Errors: `illegal_transition`.
Result<JobTransition> on_set_status(const JobRow& row, const std::string& status, const std::string& message,
                                    Timestamp now);

/// The message for the row's present attempt.
wire::Assignment assignment_of(const JobRow& row, const wire::JobSpec& spec);

}  // namespace lamda::dispatch
