// Requests that each client may make at once and each second.
#pragma once

#include <mutex>
#include <string>

#include "core/token_buckets.hpp"
#include "http/client_address.hpp"
#include "problem/problem.hpp"

namespace lamda::gateway {

/// Thread-safe. Counts by address, or by the /64 of IPv6.
class ClientShares {
  public:
    ClientShares(const Clock& clock, double burst, double per_second)
        : clock_(clock), retry_after_(static_cast<int>(1 / per_second) + 1), shares_(burst, per_second) {}

    /// Takes one request of the client. @throws problem::Problem 429 with this code
    void require(const std::string& client, const char* code, const char* detail) {
        const std::lock_guard lock(mutex_);
        if (!shares_.take(http::address_unit(client), clock_.steady())) {
            problem::Problem out{429, code, "", detail, {}};
            out.retry_after = retry_after_;
            throw out;
        }
    }

  private:
    const Clock& clock_;
    int retry_after_;  ///< seconds until the next request
    std::mutex mutex_;
    TokenBuckets<std::string> shares_;
};

}  // namespace lamda::gateway
