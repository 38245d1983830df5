// Order of the assignments that wait for a slot: pure functions, no I/O.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/clock.hpp"
#include "services/node-agent/bus/offer.hpp"

namespace lamda::agent {

/// Payment per requested resource and second. Resources are weighed by the provider's prices; without any
/// price one CPU weighs as much as 4 GiB of memory, and one GPU as much as 16 CPUs. An unknown payment is 0.
struct PaymentRate {
    U256 payment;   ///< wei, at most 2^96: payments above count alike
    U256 cost = 1;  ///< of the requirements over the time limit; at least 1, below 2^156
};
PaymentRate rate_of(const wire::Requirements& requirements, const std::optional<U256>& payment,
                    const wire::LeastPrice& price);

/// An assignment that waits.
struct Waiting {
    PaymentRate rate;
    std::uint64_t sequence = 0;  ///< in the stream: a smaller one is older
    wire::Requirements requirements;
    Millis waited{0};        ///< since this agent saw it first
    bool postponed = false;  ///< not to be taken now, for a reason of its own
};

/// True if `a` is taken before `b`: the greater rate, then the older one.
bool goes_before(const Waiting& a, const Waiting& b);

/// Time for which lower ones may overtake an assignment that fits the machine and not what is free. After it
/// resources are kept free until that assignment runs.
inline constexpr Millis kOvertakenFor{120'000};

struct Choice {
    std::optional<std::size_t> taken;  ///< index
    bool short_of_room = false;        ///< at least one waits for resources, not for a slot
};
/// The assignment to take into a free slot.
Choice choose(const std::vector<Waiting>& waiting, const Use& used, const Offer& total);

/// Number of assignments that an agent holds to choose from.
std::size_t window_size(std::size_t capacity);
/// Delay after which the bus delivers an assignment again that found no place in the window.
Millis return_delay(std::uint64_t deliveries);

}  // namespace lamda::agent
