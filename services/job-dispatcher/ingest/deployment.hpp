// The deployment that this service works for: chain, JobManager contract, and the policy for its attempts.
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
    /// @param chain BSC_CHAIN_ID; absent: the chain that the stream was bound to at its first batch
    /// @param retry_pause see Policy
    Deployment(Address job_manager, std::optional<ChainId> chain, std::uint32_t max_attempts,
               Millis retry_pause);
    /// Returns nullopt until the stream is bound to a chain.
    std::optional<Policy> policy(store::Txn& txn);
    /// Returns the domain of signed statuses and heartbeats; nullopt until policy() has found the chain.
    std::optional<eth::Eip712Domain> domain() const;

  private:
    Address job_manager_;
    std::uint32_t max_attempts_;
    Millis retry_pause_;
    std::atomic<std::uint64_t> chain_;  ///< 0: unknown (no chain has this id)
};

/// Progress of this process's own stream: none while another instance holds the lease. Thread-safe.
class StreamProgress {
  public:
    void set(bool caught_up) { caught_up_ = caught_up; }
    /// True once the stream has reached the head: confirmed and paid jobs are known.
    bool caught_up() const { return caught_up_; }

  private:
    std::atomic<bool> caught_up_{false};
};

}  // namespace lamda::dispatch
