#include "services/api-gateway/access/rate_limits.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "http/client_address.hpp"
#include "services/api-gateway/access/operator_access.hpp"
#include "services/api-gateway/access/secret_token.hpp"

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

/// Adds the verdict's headers to the answer: one list of all policies (RFC 9651, section 3.1).
void add_limits(http::Response& response, const RateLimits::Verdict& verdict) {
    for (const auto& [name, value] : verdict.headers) {
        const auto present = std::find_if(response.headers.begin(), response.headers.end(),
                                          [&header = name](const auto& one) { return one.first == header; });
        if (present == response.headers.end()) {
            response.headers.emplace_back(name, value);
        } else {
            present->second = value + ", " + present->second;
        }
    }
}

http::Response counted(RateLimits& limits, Cost cost, const RateHolder& holder, const http::Request& request,
                       const http::Handler& handler) {
    const auto verdict = limits.admit(cost, holder);
    auto out = verdict.retry_after > 0 ? http::to_response(too_many_requests(verdict.retry_after), request)
                                       : answer_of(handler, request);
    add_limits(out, verdict);
    return out;
}

}  // namespace

RateLimits::RateLimits(const RateSettings& settings, const Clock& clock)
    : clock_(clock),
      cheap_{"default", settings.cheap, buckets_of(settings.cheap)},
      expensive_{"expensive", settings.expensive, buckets_of(settings.expensive)},
      wallet_cheap_{"wallet", settings.cheap, buckets_of(settings.cheap)},
      wallet_expensive_{"wallet-expensive", settings.expensive, buckets_of(settings.expensive)},
      key_{"key", settings.key, buckets_of(settings.key)},
      keys_(clock) {}

RateLimits::Policy& RateLimits::policy_of(Cost cost, RateHolder::Kind kind) {
    const bool cheap = cost == Cost::kCheap;
    switch (kind) {
        case RateHolder::Kind::kAddress:
            return cheap ? cheap_ : expensive_;
        case RateHolder::Kind::kWallet:
            return cheap ? wallet_cheap_ : wallet_expensive_;
        case RateHolder::Kind::kKey:
            break;
    }
    return key_;
}

RateLimits::Verdict RateLimits::admit(Cost cost, const RateHolder& holder) {
    Policy& policy = policy_of(cost, holder.kind);
    if (policy.per_second == 0) {
        return {};
    }
    const std::lock_guard lock(mutex_);
    const auto now = clock_.steady();
    const bool admitted = policy.buckets.take(holder.name, now);
    const double left = policy.buckets.left(holder.name, now);
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
        const auto holder = holder_of(request, proxies, limits.keys());
        return holder ? counted(limits, cost(request), *holder, request, answer) : answer(request);
    };
}

std::optional<RateHolder> holder_of(const http::Request& request, const http::AddressRanges& proxies,
                                    const KnownKeys& keys) {
    if (proxies.contain(request.client)) {
        return std::nullopt;
    }
    const auto token = bearer_token(request);
    if (token.starts_with(kKeyPrefix)) {
        if (auto key = keys.find(digest_of_token(token))) {
            return RateHolder{RateHolder::Kind::kKey, *std::move(key)};
        }
    }
    return RateHolder{RateHolder::Kind::kAddress, http::address_unit(request.client)};
}

http::Response limited_caller(RateLimits& limits, const http::AddressRanges& proxies, Cost cost,
                              const http::Request& request, const Caller& caller,
                              const http::Handler& handler) {
    if (caller.key && !caller.key->owner) {
        limits.keys().remember(digest_of_token(bearer_token(request)), caller.key->id);
    }
    const auto wallet = caller.wallet();
    if (!wallet || proxies.contain(request.client)) {
        return handler(request);
    }
    return counted(limits, cost, {RateHolder::Kind::kWallet, wallet->hex()}, request, handler);
}

}  // namespace lamda::gateway
