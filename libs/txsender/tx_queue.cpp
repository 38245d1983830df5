#include "txsender/tx_queue.hpp"

#include <algorithm>
#include <array>

namespace lamda::txsender {

namespace {

constexpr std::string_view kFill = "fill:";

constexpr std::array<std::pair<IntentState, std::string_view>, 7> kStates{
    {{IntentState::kPending, "pending"},
     {IntentState::kParked, "parked"},
     {IntentState::kAllocated, "allocated"},
     {IntentState::kSent, "sent"},
     {IntentState::kMined, "mined"},
     {IntentState::kDone, "done"},
     {IntentState::kFailed, "failed"}}};
constexpr std::array<std::pair<OnRevert, std::string_view>, 3> kPolicies{
    {{OnRevert::kGiveUp, "give_up"}, {OnRevert::kRetry, "retry"}, {OnRevert::kAsk, "ask"}}};
constexpr std::array<std::pair<OperatorRequest, std::string_view>, 2> kRequests{
    {{OperatorRequest::kBump, "bump"}, {OperatorRequest::kCancel, "cancel"}}};

template <class Names, class Value>
std::string_view name_of(const Names& names, Value value) {
    return std::find_if(names.begin(), names.end(), [&](const auto& each) { return each.first == value; })
        ->second;
}

template <class Value, std::size_t N>
Result<Value> value_of(const std::array<std::pair<Value, std::string_view>, N>& names, std::string_view text,
                       const char* code, const char* message) {
    for (const auto& [value, name] : names) {
        if (name == text) {
            return value;
        }
    }
    return Error{code, message, ""};
}

}  // namespace

std::string_view to_string(IntentState state) {
    return name_of(kStates, state);
}
std::string_view to_string(OnRevert policy) {
    return name_of(kPolicies, policy);
}
std::string_view to_string(OperatorRequest operator_request) {
    return name_of(kRequests, operator_request);
}

Result<IntentState> parse_intent_state(std::string_view text) {
    return value_of(kStates, text, "invalid_intent_state",
                    "unknown intent state; use pending, parked, allocated, sent, mined, done or failed");
}
Result<OnRevert> parse_on_revert(std::string_view text) {
    return value_of(kPolicies, text, "invalid_policy", "unknown policy; use give_up, retry or ask");
}
Result<OperatorRequest> parse_operator_request(std::string_view text) {
    return value_of(kRequests, text, "invalid_wish", "unknown operator request; use bump or cancel");
}

std::string fill_key(std::uint64_t nonce) {
    return std::string(kFill) + std::to_string(nonce);
}
bool is_fill(const Intent& intent) {
    return intent.key.starts_with(kFill);
}

}  // namespace lamda::txsender
