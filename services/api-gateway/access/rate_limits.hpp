// Rate limits of requests: token buckets for each client, shown in the headers RateLimit-Policy and RateLimit
// (draft-ietf-httpapi-ratelimit-headers-10).
#pragma once

#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/clock.hpp"
#include "core/token_buckets.hpp"
#include "http/address_ranges.hpp"
#include "http/server.hpp"

namespace lamda::gateway {

/// Requests per second that one client may send on average; 0: unlimited.
struct RateSettings {
    std::uint64_t cheap = 50;
    std::uint64_t expensive = 10;
};

enum class Cost {
    kCheap,     ///< reads one object, or a page of at most the default size
    kExpensive  ///< reads a larger page, or changes something
};

/// Thread-safe. A bucket holds what a client may send within kWindow; a request takes one token.
class RateLimits {
  public:
    static constexpr std::uint64_t kWindow = 10;  ///< seconds

    RateLimits(const RateSettings& settings, const Clock& clock);

    struct Verdict {
        int retry_after = 0;  ///< seconds until the next request is admitted; 0: this one is
        /// RateLimit-Policy and RateLimit; none if the cost is unlimited.
        std::vector<std::pair<std::string, std::string>> headers;
    };
    /// Counts one request of a holder: `address 192.0.2.7`, or the id of a key or session, each with buckets
    /// of its own.
    Verdict admit(Cost cost, const std::string& holder);

  private:
    struct Policy {
        const char* name;
        std::uint64_t per_second;
        TokenBuckets<std::string> buckets;
    };
    const Clock& clock_;
    std::mutex mutex_;
    Policy cheap_;
    Policy expensive_;
};

using CostOf = std::function<Cost(const http::Request&)>;

/// Calls the handler for admitted requests, and answers the others with 429 `too_many_requests`; adds the
/// headers to the answer, also of a problem. The references must outlive the result.
http::Handler rate_limited(RateLimits& limits, const http::AddressRanges& proxies, CostOf cost_of,
                           http::Handler handler);

/// Holder of the buckets from which an anonymous request is taken: the client's address (the /64 of an IPv6
/// address). Nothing for a request that a proxy sends for itself, for it comes from an unknown number of
/// clients: with the default proxies, programs on this machine are not limited.
std::optional<std::string> holder_of(const http::Request& request, const http::AddressRanges& proxies);

}  // namespace lamda::gateway
