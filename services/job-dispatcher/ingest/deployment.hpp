// Which market this is: JobManager's address, the chain it is on, and the rules that follow.
#pragma once

#include <atomic>

#include "services/job-dispatcher/jobs/job_transitions.hpp"
#include "store/database.hpp"

namespace lamda::dispatch {

constexpr auto kStream = "dispatcher:bsc";
constexpr auto kOutboxOwner = "dispatcher";

/// Thread-safe.
class Deployment {
  public:
    /// @param chain BSC_CHAIN_ID; absent: what the stream was bound to when it saw its chain first
    /// @param retry_pause as of Policy
    Deployment(Address job_manager, std::optional<ChainId> chain, std::uint32_t max_attempts,
               Millis retry_pause);
    /// nullopt: no chain seen yet.
    std::optional<Policy> policy(store::Txn& txn);
    /// What statuses and heartbeats are signed for; nullopt: policy() has not found the chain yet.
    std::optional<eth::Eip712Domain> domain() const;

  private:
    Address job_manager_;
    std::uint32_t max_attempts_;
    Millis retry_pause_;
    std::atomic<std::uint64_t> chain_;  ///< 0: not known yet (no chain has this id)
};

/// What this process has seen of the chain itself: nothing while another instance reads. Thread-safe.
class StreamProgress {
  public:
    void set(bool caught_up) { caught_up_ = caught_up; }
    /// The stream has reached the head once: what the chain shows as done is known to be.
    bool caught_up() const { return caught_up_; }

  private:
    std::atomic<bool> caught_up_{false};
};

}  // namespace lamda::dispatch
