#include "wire/job_state.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <utility>

namespace lamda::wire {
namespace {

template <class Enum, std::size_t N>
using Names = std::array<std::pair<Enum, std::string_view>, N>;

constexpr Names<ChainState, 4> kChainStates{{{ChainState::kAbsent, "absent"},
                                             {ChainState::kCreated, "created"},
                                             {ChainState::kConfirmed, "confirmed"},
                                             {ChainState::kPaid, "paid"}}};
constexpr Names<WorkState, 10> kWorkStates{{{WorkState::kAwaitingSpec, "awaiting_spec"},
                                            {WorkState::kAwaitingProvider, "awaiting_provider"},
                                            {WorkState::kMismatched, "mismatched"},
                                            {WorkState::kAssigned, "assigned"},
                                            {WorkState::kAccepted, "accepted"},
                                            {WorkState::kRunning, "running"},
                                            {WorkState::kCompleted, "completed"},
                                            {WorkState::kFailed, "failed"},
                                            {WorkState::kCancelled, "cancelled"},
                                            {WorkState::kExpired, "expired"}}};
constexpr Names<PublicStatus, 13> kPublicStatuses{{{PublicStatus::kCreated, "created"},
                                                   {PublicStatus::kAwaitingSpec, "awaiting_spec"},
                                                   {PublicStatus::kAwaitingProvider, "awaiting_provider"},
                                                   {PublicStatus::kMismatched, "mismatched"},
                                                   {PublicStatus::kAssigned, "assigned"},
                                                   {PublicStatus::kRunning, "running"},
                                                   {PublicStatus::kCompleted, "completed"},
                                                   {PublicStatus::kConfirmed, "confirmed"},
                                                   {PublicStatus::kPaid, "paid"},
                                                   {PublicStatus::kFailed, "failed"},
                                                   {PublicStatus::kCancelled, "cancelled"},
                                                   {PublicStatus::kExpired, "expired"},
                                                   {PublicStatus::kRetracted, "retracted"}}};
constexpr Names<WorkFact, 15> kWorkFacts{{{WorkFact::kSpecMissing, "spec_missing"},
                                          {WorkFact::kSpecContradicts, "spec_contradicts"},
                                          {WorkFact::kProviderUnknown, "provider_unknown"},
                                          {WorkFact::kAssignable, "assignable"},
                                          {WorkFact::kAccepted, "accepted"},
                                          {WorkFact::kRunning, "running"},
                                          {WorkFact::kCompleted, "completed"},
                                          {WorkFact::kRetry, "retry"},
                                          {WorkFact::kExhausted, "exhausted"},
                                          {WorkFact::kFailedForGood, "failed_for_good"},
                                          {WorkFact::kSpecExpired, "spec_expired"},
                                          {WorkFact::kSetCancelled, "set_cancelled"},
                                          {WorkFact::kSetFailed, "set_failed"},
                                          {WorkFact::kProviderDraining, "provider_draining"},
                                          {WorkFact::kProviderBack, "provider_back"}}};

template <class Enum, std::size_t N>
std::string_view name_of(const Names<Enum, N>& names, Enum value) {
    const auto found =
        std::find_if(names.begin(), names.end(), [&](const auto& n) { return n.first == value; });
    return found != names.end() ? found->second : "";
}

template <class Enum, std::size_t N>
Result<Enum> value_of(const Names<Enum, N>& names, std::string_view text, std::string_view what) {
    for (const auto& [value, name] : names) {
        if (name == text) {
            return value;
        }
    }
    std::string message = "unknown " + std::string(what) + "; use ";
    for (const auto& [value, name] : names) {
        message.append(value == names.front().first ? "" : ", ").append(name);
    }
    return Error{"invalid_value", std::move(message), ""};
}

// ---- The transition table

/// A set of origins of a transition: work states, and kNone before the first assessment.
using From = unsigned;
constexpr From kNone = 1U << 31;
constexpr From at(WorkState state) {
    return 1U << static_cast<unsigned>(state);
}

constexpr From kWaiting = at(WorkState::kAwaitingSpec) | at(WorkState::kAwaitingProvider);
constexpr From kAttempted = at(WorkState::kAssigned) | at(WorkState::kAccepted) | at(WorkState::kRunning);
constexpr From kOpen = kWaiting | at(WorkState::kMismatched) | kAttempted;

struct Transition {
    WorkFact fact;
    From from;
    WorkState to;
};

/// The only definition of allowed transitions. A fact in a state without a line here changes nothing.
constexpr std::array kTable{
    Transition{WorkFact::kSpecMissing, kNone, WorkState::kAwaitingSpec},
    Transition{WorkFact::kSpecContradicts, kNone | kWaiting, WorkState::kMismatched},
    Transition{WorkFact::kProviderUnknown, kNone | kWaiting, WorkState::kAwaitingProvider},
    Transition{WorkFact::kAssignable, kNone | kWaiting, WorkState::kAssigned},
    Transition{WorkFact::kAccepted, at(WorkState::kAssigned), WorkState::kAccepted},
    Transition{WorkFact::kRunning, kAttempted, WorkState::kRunning},
    Transition{WorkFact::kCompleted, kAttempted, WorkState::kCompleted},
    Transition{WorkFact::kRetry, kAttempted, WorkState::kAssigned},
    Transition{WorkFact::kExhausted, at(WorkState::kAccepted) | at(WorkState::kRunning), WorkState::kFailed},
    Transition{WorkFact::kExhausted, at(WorkState::kAssigned), WorkState::kExpired},
    Transition{WorkFact::kFailedForGood, kAttempted, WorkState::kFailed},
    Transition{WorkFact::kSpecExpired, at(WorkState::kAwaitingSpec), WorkState::kExpired},
    Transition{WorkFact::kSetCancelled, kOpen, WorkState::kCancelled},
    Transition{WorkFact::kSetFailed, kOpen, WorkState::kFailed},
    Transition{WorkFact::kProviderDraining, at(WorkState::kAssigned), WorkState::kAssigned},
    Transition{WorkFact::kProviderBack, at(WorkState::kAssigned), WorkState::kAssigned},
};

}  // namespace

std::optional<WorkState> next_state(std::optional<WorkState> from, WorkFact fact) {
    const From place = from ? at(*from) : kNone;
    for (const auto& transition : kTable) {
        if (transition.fact == fact && (transition.from & place) != 0) {
            return transition.to;
        }
    }
    return std::nullopt;
}

bool is_terminal(WorkState state) {
    return (at(state) & kOpen) == 0;
}

PublicStatus public_status(ChainState chain, std::optional<WorkState> work) {
    switch (chain) {
        case ChainState::kAbsent:
            return PublicStatus::kRetracted;
        case ChainState::kPaid:
            return PublicStatus::kPaid;
        case ChainState::kConfirmed:
            return PublicStatus::kConfirmed;
        case ChainState::kCreated:
            break;
    }
    if (!work) {
        return PublicStatus::kCreated;
    }
    switch (*work) {
        case WorkState::kAwaitingSpec:
            return PublicStatus::kAwaitingSpec;
        case WorkState::kAwaitingProvider:
            return PublicStatus::kAwaitingProvider;
        case WorkState::kMismatched:
            return PublicStatus::kMismatched;
        case WorkState::kAssigned:
        case WorkState::kAccepted:
            return PublicStatus::kAssigned;
        case WorkState::kRunning:
            return PublicStatus::kRunning;
        case WorkState::kCompleted:
            return PublicStatus::kCompleted;
        case WorkState::kFailed:
            return PublicStatus::kFailed;
        case WorkState::kCancelled:
            return PublicStatus::kCancelled;
        case WorkState::kExpired:
            return PublicStatus::kExpired;
    }
    return PublicStatus::kCreated;
}

std::string_view to_string(ChainState state) {
    return name_of(kChainStates, state);
}
std::string_view to_string(WorkState state) {
    return name_of(kWorkStates, state);
}
std::string_view to_string(PublicStatus status) {
    return name_of(kPublicStatuses, status);
}
std::string_view to_string(WorkFact fact) {
    return name_of(kWorkFacts, fact);
}

Result<ChainState> parse_chain_state(std::string_view text) {
    return value_of(kChainStates, text, "chain state");
}
Result<WorkState> parse_work_state(std::string_view text) {
    return value_of(kWorkStates, text, "work state");
}
Result<WorkFact> parse_work_fact(std::string_view text) {
    return value_of(kWorkFacts, text, "fact");
}
Result<PublicStatus> parse_public_status(std::string_view text) {
    return value_of(kPublicStatuses, text, "status");
}

}  // namespace lamda::wire
