// What follows from a fact: the present row and the fact go in; journal entries and what to send come out. No
// I/O.
#pragma once

#include <vector>

#include "job_fold.hpp"
#include "wire/messages.hpp"

namespace lamda::dispatch {

struct Policy {
    std::uint32_t max_attempts = 3;
    ChainId chain_id;
    Address job_manager;
};

struct Retract {
    std::uint32_t attempt;
    wire::RetractReason reason;
    bool operator==(const Retract&) const = default;
};

struct Decision {
    std::vector<JobEvent> entries;  ///< for the journal, in order; they fold into the row
    bool send_attempt = false;      ///< the attempt that the entries start goes to its provider
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
Decision judge(const JobRow& row, const SpecKnown& known, bool provider_registered, const Policy& policy,
               Timestamp now);

/// Of a status whose signature and provider are right. `recovering`: the status is older than this database,
/// so that an attempt unknown to the row did leave once. @param last_seq of the status's attempt; 0: none yet
Decision on_status(const JobRow& row, const wire::JobStatus& status, std::uint32_t last_seq, bool recovering,
                   const Policy& policy, Timestamp now);

/// No acceptance, no `running`, or none in time from a provider that is present.
Decision on_silence(const JobRow& row, const std::string& reason, const Policy& policy, Timestamp now);
/// SPEC_TTL has passed.
Decision on_spec_ttl(const JobRow& row, Timestamp now);
/// The creation is orphaned: who has the attempt must stop.
std::optional<Retract> on_orphaned(const JobRow& row);
/// Operator's or renter's will: `cancelled` or `failed`. Errors: `illegal_transition`.
Result<Decision> on_set_status(const JobRow& row, const std::string& status, const std::string& message,
                               Timestamp now);

/// The message for the row's present attempt.
wire::Assignment assignment_of(const JobRow& row, const wire::JobSpec& spec);

}  // namespace lamda::dispatch
