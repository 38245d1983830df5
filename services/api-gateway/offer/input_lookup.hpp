// Looks in the configured content stores for the input of a job that is checked.
#pragma once

#include <mutex>
#include <semaphore>
#include <stop_token>
#include <string>

#include "core/token_buckets.hpp"
#include "ipfs/content_store.hpp"
#include "services/api-gateway/offer/job_check.hpp"

namespace lamda::gateway {

/// Thread-safe.
class InputLookup {
  public:
    /// Inputs looked up at the same time; each holds a thread of the server for some seconds.
    static constexpr int kMostAtOnce = 4;
    /// Lookups of one client: at once, and each second. A store may keep what it had to fetch.
    static constexpr double kBurst = 10;
    static constexpr double kPerSecond = 0.2;

    /// @param store absent: none is configured
    InputLookup(ipfs::ContentStore* store, const Clock& clock) : store_(store), clock_(clock) {}
    /// Reads the input's first block, and verifies it. @param cid of a valid spec; absent: no input
    /// @param client the address that asks
    InputFound find(const std::optional<std::string>& cid, const std::string& client);
    /// Ends the lookups in progress within about a second, and all later ones.
    void stop() { stopping_.request_stop(); }

  private:
    bool take_share(const std::string& client);

    ipfs::ContentStore* store_;
    const Clock& clock_;
    std::stop_source stopping_;
    std::mutex mutex_;
    TokenBuckets<std::string> shares_{kBurst, kPerSecond};
    std::counting_semaphore<kMostAtOnce> slots_{kMostAtOnce};
};

}  // namespace lamda::gateway
