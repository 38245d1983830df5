// The job's state machine: one table, no I/O (design: "States").
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/result.hpp"

namespace lamda::wire {

/// What the chain says. Folds canonical logs and never refuses.
enum class ChainState { kAbsent, kCreated, kConfirmed, kPaid };
/// What the work says.
enum class WorkState {
    kAwaitingSpec,
    kAwaitingProvider,
    kMismatched,
    kAssigned,
    kAccepted,
    kRunning,
    kCompleted,
    kFailed,
    kCancelled,
    kExpired
};
/// What people see.
enum class PublicStatus {
    kCreated,
    kAwaitingSpec,
    kAwaitingProvider,
    kMismatched,
    kAssigned,
    kRunning,
    kCompleted,
    kConfirmed,
    kPaid,
    kFailed,
    kCancelled,
    kExpired,
    kRetracted
};
std::string_view to_string(ChainState state);
std::string_view to_string(WorkState state);
std::string_view to_string(PublicStatus status);
Result<ChainState> parse_chain_state(std::string_view text);
Result<WorkState> parse_work_state(std::string_view text);
Result<PublicStatus> parse_public_status(std::string_view text);

PublicStatus public_status(ChainState chain, std::optional<WorkState> work);

/// Completed, failed, cancelled, expired: no attempt follows.
bool is_terminal(WorkState state);

/// Facts about the work, as the transition table knows them.
enum class WorkFact {
    kSpecMissing,
    kSpecContradicts,
    kProviderUnknown,
    kAssignable,  ///< a judgement of what is known
    kAccepted,
    kRunning,
    kCompleted,
    kRetry,      ///< transient failure, silence or no acceptance, attempts left: attempt + 1
    kExhausted,  ///< the same, none left
    kFailedForGood,
    kSpecExpired,
    kSetCancelled,
    kSetFailed
};
std::string_view to_string(WorkFact fact);
/// The state after the fact, or nullopt: not allowed from here (journal it, change nothing).
std::optional<WorkState> next_state(std::optional<WorkState> from, WorkFact fact);

}  // namespace lamda::wire
