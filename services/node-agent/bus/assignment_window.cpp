#include "services/node-agent/bus/assignment_window.hpp"

#include <algorithm>
#include <numeric>

namespace lamda::agent {

namespace {

/// Per CPU and second 4, GiB of memory and second 1, GPU and second 64; times 1,000, because a cost is
/// rounded.
const wire::LeastPrice kWeights{4'000, 1'000, 64'000};

}  // namespace

PaymentRate rate_of(const wire::Requirements& requirements, const std::optional<U256>& payment,
                    const wire::LeastPrice& price) {
    const bool priced = price != wire::LeastPrice{};
    const auto cost = wire::least_payment(requirements, priced ? price : kWeights);
    return {std::min(payment.value_or(U256(0)), U256(1) << 96U), std::max(cost, U256(1))};
}

bool goes_before(const Waiting& a, const Waiting& b) {
    const auto left = a.rate.payment * b.rate.cost;
    const auto right = b.rate.payment * a.rate.cost;
    return left != right ? left > right : a.sequence < b.sequence;
}

Choice choose(const std::vector<Waiting>& waiting, const Use& used, const Offer& total) {
    std::vector<std::size_t> order(waiting.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::sort(order.begin(), order.end(),
              [&](std::size_t a, std::size_t b) { return goes_before(waiting[a], waiting[b]); });
    Choice out;
    for (const auto index : order) {
        const auto& one = waiting[index];
        if (one.postponed) {
            continue;
        }
        if (fits(one.requirements, used, total)) {
            out.taken = index;
            return out;
        }
        out.short_of_room = true;
        if (one.waited >= kOvertakenFor) {
            return out;
        }
    }
    return out;
}

std::size_t window_size(std::size_t capacity) {
    constexpr std::size_t kLeast = 64;
    constexpr std::size_t kMost = 256;
    return std::clamp(16 * capacity, kLeast, kMost);
}

Millis return_delay(std::uint64_t deliveries) {
    constexpr Millis kFirst{16'000};
    return deliveries <= 1 ? kFirst : 2 * kFirst;
}

}  // namespace lamda::agent
