#include "services/api-gateway/access/rate_limits.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "http/client_address.hpp"

namespace lamda::gateway {

namespace {

TokenBuckets<std::string> buckets_of(std::uint64_t per_second) {
    const auto rate = static_cast<double>(per_second);
    return {rate * RateLimits::kWindow, rate};
}

problem::Problem too_many_requests(int retry_after) {
    problem::Problem out{429,
                         "too_many_requests",
                         "",
                         fmt::format("this client has used up its requests (see the header RateLimit); try "
                                     "again in {} s",
                                     retry_after),
                         {}};
    out.retry_after = retry_after;
    return out;
}

http::Response answer_of(const http::Handler& handler, const http::Request& request) {
    try {
        return handler(request);
    } catch (const problem::Problem& problem) {
        return http::to_response(problem, request);
    }
}

}  // namespace

RateLimits::RateLimits(const RateSettings& settings, const Clock& clock)
    : clock_(clock),
      cheap_{"default", settings.cheap, buckets_of(settings.cheap)},
      expensive_{"expensive", settings.expensive, buckets_of(settings.expensive)} {}

RateLimits::Verdict RateLimits::admit(Cost cost, const std::string& holder) {
    Policy& policy = cost == Cost::kCheap ? cheap_ : expensive_;
    if (policy.per_second == 0) {
        return {};
    }
    const std::lock_guard lock(mutex_);
    const auto now = clock_.steady();
    const bool admitted = policy.buckets.take(holder, now);
    const double left = policy.buckets.left(holder, now);
    const double whole = std::floor(left);
    const auto quota = policy.per_second * kWindow;
    // Until the next token is complete, rounded up: a client that waits for it is admitted.
    const int wait =
        whole >= static_cast<double>(quota)
            ? 0
            : static_cast<int>(std::ceil((whole + 1 - left) / static_cast<double>(policy.per_second)));
    return {admitted ? 0 : std::max(1, wait),
            {{"RateLimit-Policy", fmt::format("\"{}\";q={};w={}", policy.name, quota, kWindow)},
             {"RateLimit", fmt::format("\"{}\";r={:.0f};t={}", policy.name, whole, wait)}}};
}

http::Handler rate_limited(RateLimits& limits, const http::AddressRanges& proxies, CostOf cost_of,
                           http::Handler handler) {
    return [&limits, &proxies, cost = std::move(cost_of),
            answer = std::move(handler)](const http::Request& request) {
        const auto holder = holder_of(request, proxies);
        if (!holder) {
            return answer(request);
        }
        const auto verdict = limits.admit(cost(request), *holder);
        auto out = verdict.retry_after > 0
                       ? http::to_response(too_many_requests(verdict.retry_after), request)
                       : answer_of(answer, request);
        out.headers.insert(out.headers.end(), verdict.headers.begin(), verdict.headers.end());
        return out;
    };
}

std::optional<std::string> holder_of(const http::Request& request, const http::AddressRanges& proxies) {
    if (proxies.contain(request.client)) {
        return std::nullopt;
    }
    return "address " + http::address_unit(request.client);
}

}  // namespace lamda::gateway
