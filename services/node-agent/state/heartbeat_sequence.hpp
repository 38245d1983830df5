// The numbers of a provider's heartbeats.
#pragma once

#include <cstdint>
#include <mutex>
#include <string>

#include "core/clock.hpp"

namespace lamda::agent {

/// Each number is greater than all before it, also after a restart or a clock that went back: readers refuse
/// any other as a replay. Numbers follow the wall clock in milliseconds, so that an agent that has lost its
/// folder still goes on above the earlier ones. Numbers further ahead of the clock than readers accept came
/// from a wrong clock and were never accepted: the sequence starts again at the clock. Thread-safe.
class HeartbeatSequence {
  public:
    /// Numbers reserved on disk at once, in milliseconds of the clock: one write a minute.
    static constexpr std::uint64_t kReserve = 60'000;

    /// @param path the file that keeps the reservation; a damaged one counts as absent. @throws DiskError
    HeartbeatSequence(std::string path, const Clock& clock);
    /// At most the first number that this object gives: smaller ones are from before it.
    std::uint64_t started_at() const { return started_at_; }
    /// @throws DiskError
    std::uint64_t next();

  private:
    std::uint64_t following() const;

    const std::string path_;
    const Clock& clock_;
    std::mutex mutex_;
    std::uint64_t last_ = 0;      ///< given, or reserved by an earlier process
    std::uint64_t reserved_ = 0;  ///< on disk
    std::uint64_t started_at_ = 0;
};

}  // namespace lamda::agent
