// Looks in the configured content stores for the input of a job that is checked.
#pragma once

#include <semaphore>

#include "ipfs/content_store.hpp"
#include "services/api-gateway/offer/job_check.hpp"

namespace lamda::gateway {

/// Thread-safe.
class InputLookup {
  public:
    /// Inputs looked up at the same time; each holds a thread of the server for some seconds.
    static constexpr int kMostAtOnce = 4;

    /// @param store absent: none is configured
    explicit InputLookup(ipfs::ContentStore* store) : store_(store) {}
    /// Reads the input's first block, and verifies it. @param cid of a valid spec; absent: no input
    InputFound find(const std::optional<std::string>& cid);

  private:
    ipfs::ContentStore* store_;
    std::counting_semaphore<kMostAtOnce> places_{kMostAtOnce};
};

}  // namespace lamda::gateway
