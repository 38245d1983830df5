// Decisions on assignments, retractions and ended containers: pure functions, no I/O.
#pragma once

#include <optional>
#include <string>

#include "services/node-agent/bus/offer.hpp"
#include "services/node-agent/state/journal.hpp"
#include "wire/provider_policy.hpp"

namespace lamda::agent {

enum class AssignmentDecision {
    kAccept,     ///< new: record, acknowledge, run
    kRefuse,     ///< can never be run here: record a failure `refused`, acknowledge
    kRepublish,  ///< already finished: publish the recorded status again, acknowledge
    kReturn,     ///< chain or contract differs from the settings: request redelivery, sign nothing
    kIgnore,     ///< void, superseded, or already active: acknowledge only
    kDefer       ///< no free slot: request redelivery
};
std::string_view to_string(AssignmentDecision decision);

struct Verdict {
    AssignmentDecision decision = AssignmentDecision::kIgnore;
    std::string reason;  ///< for the log; published if the decision is kRefuse
    bool operator==(const Verdict&) const = default;
};

/// The agent's identity and load.
struct Self {
    Address provider;
    ChainId chain_id;  ///< BSC
    Address job_manager;
    std::size_t active = 0;  ///< attempts that occupy slots
    std::size_t capacity = 1;
    bool duplicate_agent = false;   ///< another agent uses the same key
    wire::ProviderPolicy policy{};  ///< a job outside of it is refused
    Offer offer{};                  ///< to one job: a job above it is refused
};

/// @param record the job's journal record; nullopt: the journal has none
Verdict decide(const wire::Assignment& assignment, const std::optional<JobRecord>& record, const Self& self);

/// Retention of an output that could not be stored, for the next attempt. Longer than the dispatcher's
/// longest pause between two attempts.
inline constexpr auto kKeepOutput = std::chrono::hours(1);
/// True if the folder of the ended attempt is kept for a later attempt.
bool keeps_output(const JobRecord& record, std::uint32_t attempt, Timestamp now);

/// Enters an accepted assignment. Lower attempts that are still active become void. If the output of an
/// earlier run of the same work is kept, the attempt takes over that run: only the upload is repeated.
void enter(JobRecord& record, const wire::Assignment& assignment, Timestamp now);
/// Effect of a retraction.
enum class RetractionDecision {
    kApply,   ///< stop the attempts, and report their end
    kVoid,    ///< of another chain or contract: ignore later assignments of the attempts, report nothing
    kRefuse,  ///< the same, but the job has attempts of this agent's own: change nothing
    kDefer    ///< the agent's chain is not known yet: request redelivery
};
/// Compares chain and contract of the retraction, if it names them, with those of the job's attempts; without
/// any attempt with the agent's own. @param chain absent: not known yet
RetractionDecision decide(const wire::Retraction& retraction, const std::optional<JobRecord>& record,
                          std::optional<ChainId> chain, const Address& job_manager);
/// Drops from a refused attempt what only a run needs, so that a flood of refused jobs costs little.
void forget_work(Attempt& attempt);

/// Enters a retraction that no report answers.
void enter_unanswered(JobRecord& record, const wire::Retraction& retraction);

/// Enters a retraction. Active attempts up to the retracted one become void; finished ones do not change.
void enter(JobRecord& record, const wire::Retraction& retraction);

/// diskMib in bytes.
std::uint64_t disk_limit(const wire::Requirements& requirements);

/// End of a container, from the engine's report and the agent's measurements.
struct Ended {
    std::int32_t exit_code = 0;
    bool oom_killed = false;
    bool overran = false;  ///< exceeded its time limit by the steady clock; wall clocks may jump
    Written written;
    bool engine_lost = false;  ///< the engine shut down during the run, which stops its containers
};
struct Outcome {
    std::optional<wire::ErrorCode> error;  ///< absent: completed
    std::string message;
    bool operator==(const Outcome&) const = default;
};
/// Deterministic across restarts: uses no state that only the killing process has.
Outcome outcome_of(const Ended& ended, const wire::Requirements& requirements);

}  // namespace lamda::agent
