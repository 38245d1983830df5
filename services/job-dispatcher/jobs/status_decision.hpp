// Decides the reaction to an agent's signed status, from the job and the statuses before it. Pure functions,
// no I/O.
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "services/job-dispatcher/jobs/job_write.hpp"

namespace lamda::dispatch {

/// A status whose signature is verified, and its age.
struct ReceivedStatus {
    wire::JobStatus status;
    std::string body;         ///< as received
    bool recovering = false;  ///< older than this database: the attempt may be unknown
};

/// The statuses of a job that the database knows, as far as a decision needs them.
struct StatusHistory {
    std::map<std::uint32_t, AttemptKnown> attempts;                ///< by number
    std::set<std::pair<std::uint32_t, std::uint32_t>> in_journal;  ///< (attempt, seq) of entries
    std::size_t refused = 0;                                       ///< entries with a reason of refusal
};

/// Refused entries of a job's journal. Later refusals are counted in the metric only: a provider could send
/// any number of different statuses, and each entry is kept permanently.
inline constexpr std::size_t kMostRefused = 100;
/// Reason for the dead letter of a status for another provider's job.
inline constexpr auto kForeignJob = "the job belongs to another provider";

/// Data for the decision about one status.
struct StatusCase {
    std::optional<JobRow> row;          ///< locked; absent: unknown job
    std::optional<wire::JobSpec> spec;  ///< absent: not stored, or invalid
    StatusHistory history;
    bool has_room = true;  ///< for another early status of the provider; read for unknown jobs only
};

enum class StatusOutcome {
    kApplied,
    kUnchanged,      ///< a repetition, or progress
    kUnrecorded,     ///< refused, and the job has kMostRefused refused entries already
    kEarly,          ///< the job is not evaluated yet: store the status
    kNoRoom,         ///< the job is unknown and the limit of stored early statuses is reached: drop it
    kWrongProvider,  ///< the job belongs to another provider: refuse it
    kDeferred        ///< a new attempt is required, and the stream has not caught up yet: retry later
};
std::string_view to_string(StatusOutcome outcome);

struct StatusDecision {
    StatusOutcome outcome;
    JobWrite write;  ///< to be saved, also for kUnchanged and kUnrecorded; nothing() for the others except
                     ///< kApplied
};

/// Decides about one status.
/// @param caught_up the stream has caught up: attempts may be sent
StatusDecision decide_status(const StatusCase& found, const ReceivedStatus& received, const Policy& policy,
                             bool caught_up, Timestamp now);

/// Early statuses of a job, taken from the store, in any order.
struct EarlyStatuses {
    std::vector<ReceivedStatus> statuses;
    StatusHistory history;
};
/// Adds the job's early statuses to the change, in the order of attempt and seq: attempts and states of a
/// rebuilt database. Refuses those of other providers (`write.refused`).
void add_early_statuses(JobWrite& write, EarlyStatuses early, const Policy& policy, Timestamp now);

}  // namespace lamda::dispatch
