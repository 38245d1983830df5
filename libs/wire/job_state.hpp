// The job's state machine: one transition table, no I/O.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/result.hpp"

namespace lamda::wire {

/// State on chain, folded from canonical logs. Every log is accepted.
enum class ChainState { kAbsent, kCreated, kConfirmed, kPaid };
/// State of the work.
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
/// Status shown to users, derived from chain and work state.
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

/// True for completed, failed, cancelled, expired: no attempt follows.
bool is_terminal(WorkState state);

/// Facts about the work: input of the transition table.
enum class WorkFact {
    kSpecMissing,
    kSpecContradicts,
    kProviderUnknown,
    kAssignable,  ///< spec and provider are known
    kAccepted,
    kRunning,
    kCompleted,
    kRetry,      ///< transient failure, timeout or no acceptance, attempts left: attempt + 1
    kExhausted,  ///< as kRetry, with no attempts left
    kFailedForGood,
    kSpecExpired,
    kSetCancelled,
    kSetFailed,
    kProviderDraining,  ///< the provider takes no new work: a notice, for a job that waits there
    kProviderBack       ///< the provider takes work again
};
std::string_view to_string(WorkFact fact);
Result<WorkFact> parse_work_fact(std::string_view text);
/// The state after the fact; nullopt: not allowed in this state (the fact is journalled and changes nothing).
std::optional<WorkState> next_state(std::optional<WorkState> from, WorkFact fact);

}  // namespace lamda::wire
