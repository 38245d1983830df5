// Attempts of a job, folded from its journal and from what was sent.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/clock.hpp"
#include "core/ids.hpp"

namespace lamda::gateway {

/// State of an attempt. The last five are its end.
enum class AttemptState {
    kWaiting,   ///< leaves at `due_at`
    kAssigned,  ///< sent, not accepted yet
    kAccepted,  ///< the agent prepares it
    kRunning,
    kCompleted,
    kFailed,     ///< the agent or the operator reported a failure
    kTimedOut,   ///< no acceptance, no progress or no end in time
    kCancelled,  ///< by the renter or the operator
    kRetracted   ///< no longer wanted: a reorg removed the job's block, or a later attempt replaced this one
};
std::string_view to_string(AttemptState state);

/// Entry of the journal that had an effect (api.job_event without `refused_reason`).
struct AttemptEntry {
    std::string kind;
    Timestamp at;
    std::optional<std::uint32_t> attempt;
    std::optional<std::uint32_t> seq;           ///< absent: not an agent's status
    std::optional<std::uint32_t> next_attempt;  ///< the attempt that the entry starts
    std::optional<std::string> reason;
    std::optional<std::string> error_code;
    std::optional<std::int64_t> exit_code;
    std::optional<std::string> output_file_cid;
};

/// An attempt as the dispatcher recorded it (api.attempt).
struct SentAttempt {
    std::uint32_t number = 0;
    Address provider;
    bool waiting = false;  ///< not sent yet
    bool voided = false;   ///< not wanted any more
    Timestamp created_at;
    std::optional<Timestamp> due_at;  ///< absent: without a pause before it
    std::optional<Timestamp> last_status_at;
};

struct Attempt {
    std::uint32_t number = 0;
    Address provider;
    AttemptState state = AttemptState::kAssigned;
    Timestamp created_at;
    std::optional<Timestamp> due_at;
    std::optional<Timestamp> accepted_at;
    std::optional<Timestamp> started_at;
    std::optional<Timestamp> last_status_at;
    std::optional<Timestamp> ended_at;
    std::optional<std::string> reason;
    std::optional<std::string> error_code;
    std::optional<std::int64_t> exit_code;
    std::optional<std::string> output_file_cid;
    bool operator==(const Attempt&) const = default;
};

/// Returns the attempts by number. An attempt of either source is in the result: a rebuilt database may know
/// an attempt from its statuses only.
/// @param provider of attempts that were not sent
/// @param journal in the order of its ids
std::vector<Attempt> fold_attempts(const Address& provider, const std::vector<AttemptEntry>& journal,
                                   const std::vector<SentAttempt>& sent);
/// Returns the attempt as a REST object (JSON).
std::string attempt_json(const Attempt& attempt);

}  // namespace lamda::gateway
