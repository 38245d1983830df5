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
#include "services/api-gateway/access/caller.hpp"
#include "services/api-gateway/access/known_keys.hpp"
#include "services/api-gateway/access/rate_settings.hpp"

namespace lamda::gateway {

enum class Cost {
    kCheap,     ///< reads one object, or a page of at most the default size
    kExpensive  ///< reads a larger page, or changes something
};

/// Owner of the buckets that a request is taken from.
struct RateHolder {
    enum class Kind {
        kAddress,  ///< client's address; policies `default`, `expensive`
        kWallet,   ///< wallet of a session or of its API key; policies `wallet`, `wallet-expensive`
        kKey       ///< API key of the operator; policy `key` for all its requests
    };
    Kind kind = Kind::kAddress;
    std::string name;
    bool operator==(const RateHolder&) const = default;
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
    /// Counts one request of the holder.
    Verdict admit(Cost cost, const RateHolder& holder);
    KnownKeys& keys() { return keys_; }

  private:
    struct Policy {
        const char* name;
        std::uint64_t per_second;
        TokenBuckets<std::string> buckets;
    };
    Policy& policy_of(Cost cost, RateHolder::Kind kind);

    const Clock& clock_;
    std::mutex mutex_;
    Policy cheap_;
    Policy expensive_;
    Policy wallet_cheap_;
    Policy wallet_expensive_;
    Policy key_;
    KnownKeys keys_;
};

using CostOf = std::function<Cost(const http::Request&)>;

/// Calls the handler for admitted requests, and answers the others with 429 `too_many_requests`; adds the
/// headers to the answer, also of a problem. The references must outlive the result.
http::Handler rate_limited(RateLimits& limits, const http::AddressRanges& proxies, CostOf cost_of,
                           http::Handler handler);

/// Holder from whose buckets a request is taken before its credentials are verified: a known key of the
/// operator, or the client's address (the /64 of an IPv6 address). Nothing for a request that a proxy sends
/// for itself, for it comes from an unknown number of clients: with the default proxies, programs on this
/// machine are not limited.
std::optional<RateHolder> holder_of(const http::Request& request, const http::AddressRanges& proxies,
                                    const KnownKeys& keys);

/// Calls the handler, after it has counted the request of a verified wallet for this wallet, whatever
/// addresses it is sent from; 429 as in rate_limited(). A verified key of the operator is remembered: its
/// next requests count for the key instead of the address.
http::Response limited_caller(RateLimits& limits, const http::AddressRanges& proxies, Cost cost,
                              const http::Request& request, const Caller& caller,
                              const http::Handler& handler);

}  // namespace lamda::gateway
