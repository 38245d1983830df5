// Sequence numbers of a provider's heartbeats.
#pragma once

#include <cstdint>
#include <mutex>
#include <string>

#include "core/clock.hpp"

namespace lamda::agent {

/// Each number is greater than all earlier ones, even after a restart or a clock that was set back: readers
/// refuse any other as a replay. Numbers follow the wall clock in milliseconds, so that an agent that lost
/// its folder continues above its earlier numbers. Numbers further ahead of the clock than readers accept
/// came from a wrong clock and were never accepted: the sequence restarts at the clock. Thread-safe.
class HeartbeatSequence {
  public:
    /// Numbers reserved per write to disk, in milliseconds of the clock: one write a minute.
    static constexpr std::uint64_t kReserve = 60'000;

    /// @param path the file of the reservation; a damaged file counts as absent. @throws DiskError
    HeartbeatSequence(std::string path, const Clock& clock);
    /// Lower bound of the numbers of this object: smaller numbers belong to earlier processes.
    std::uint64_t started_at() const { return started_at_; }
    /// @throws DiskError
    std::uint64_t next();

  private:
    std::uint64_t following() const;

    const std::string path_;
    const Clock& clock_;
    std::mutex mutex_;
    std::uint64_t last_ = 0;      ///< newest number issued, or reserved by an earlier process
    std::uint64_t reserved_ = 0;  ///< reservation on disk
    std::uint64_t started_at_ = 0;
};

}  // namespace lamda::agent
