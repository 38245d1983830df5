// What to do with what came: pure functions, no I/O.
#pragma once

#include <optional>
#include <string>

#include "services/node-agent/state/journal.hpp"

namespace lamda::agent {

enum class AssignmentDecision {
    kAccept,     ///< new: record, acknowledge, run
    kRefuse,     ///< can never be run here: record a failure `refused`, acknowledge
    kRepublish,  ///< finished before: publish its recorded status again, acknowledge
    kReturn,     ///< of another chain or contract than the settings: let it come again, sign nothing
    kIgnore,     ///< void, overtaken, or already at work: acknowledge, nothing else
    kDefer       ///< no room now: let it come again
};
std::string_view to_string(AssignmentDecision decision);

struct Verdict {
    AssignmentDecision decision = AssignmentDecision::kIgnore;
    std::string reason;  ///< for the log, and for people when refused
    bool operator==(const Verdict&) const = default;
};

/// What the agent knows of itself.
struct Self {
    Address provider;
    ChainId chain_id;  ///< BSC
    Address job_manager;
    std::size_t active = 0;  ///< attempts that fill its room
    std::size_t capacity = 1;
    bool twin = false;  ///< another agent works with the same key
};

/// @param record what the journal holds of this job; nullopt: nothing
Verdict decide(const wire::Assignment& assignment, const std::optional<JobRecord>& record, const Self& self);

/// How long an output that could not be stored is kept for the next attempt: longer than the dispatcher's
/// longest pause between two attempts.
inline constexpr auto kKeepOutput = std::chrono::hours(1);
/// Whether the attempt's folder is kept although it has ended.
bool keeps_output(const JobRecord& record, std::uint32_t attempt, Timestamp now);

/// Enters an accepted assignment: lower attempts that are still active become void. A run whose output is
/// kept becomes this attempt's own: only the upload is repeated.
void enter(JobRecord& record, const wire::Assignment& assignment, Timestamp now);
/// Enters a retraction: active attempts up to it become void; finished ones stay as they are.
void enter(JobRecord& record, const wire::Retraction& retraction);

/// diskMib in bytes.
std::uint64_t disk_limit(const wire::Requirements& requirements);

/// What the engine says of a container that ended.
struct Ended {
    std::int32_t exit_code = 0;
    bool oom_killed = false;
    bool overran = false;  ///< by the steady clock: a wall clock may be set while the job runs
    Written written;
    bool engine_lost = false;  ///< the engine went away meanwhile: it stops its containers when it does
};
struct Outcome {
    std::optional<wire::ErrorCode> error;  ///< absent: completed
    std::string message;
    bool operator==(const Outcome&) const = default;
};
/// Says the same when asked again after a restart: it looks at nothing that the killing agent alone would
/// know.
Outcome judge(const Ended& ended, const wire::Requirements& requirements);

}  // namespace lamda::agent
