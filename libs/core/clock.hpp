// Time: a clock that tests can replace, and RFC 3339.
#pragma once

#include <chrono>
#include <mutex>
#include <stop_token>
#include <string>
#include <string_view>

#include "core/result.hpp"

namespace lamda {

using Millis = std::chrono::milliseconds;
/// UTC, millisecond resolution.
using Timestamp = std::chrono::time_point<std::chrono::system_clock, Millis>;
/// For intervals: monotonic.
using Steady = std::chrono::steady_clock::time_point;

class Clock {
  public:
    virtual ~Clock() = default;
    virtual Timestamp now() const = 0;
    virtual Steady steady() const = 0;
    /// Returns early with false if stopped.
    virtual bool sleep(const std::stop_token& stop, Millis time) const = 0;
};

class SystemClock final : public Clock {
  public:
    Timestamp now() const override;
    Steady steady() const override;
    bool sleep(const std::stop_token& stop, Millis time) const override;
};

/// Moves only by advance() and sleep(). Both times move together, except by step(). Thread-safe.
class FakeClock final : public Clock {
  public:
    explicit FakeClock(Timestamp start);
    Timestamp now() const override;
    Steady steady() const override;
    /// Returns immediately and moves the clock.
    bool sleep(const std::stop_token& stop, Millis time) const override;
    void advance(Millis by) const;
    /// Moves the wall clock alone, like an administrator or a time server.
    void step(Millis by) const;

  private:
    mutable std::mutex mutex_;
    mutable Timestamp now_;
    mutable Steady steady_{};
};

/// `2026-11-20T10:00:00.123Z`
std::string to_rfc3339(Timestamp at);
/// RFC 3339 with `Z` or a numeric offset, fraction optional (cut to ms). Errors: `invalid_time`.
Result<Timestamp> parse_rfc3339(std::string_view text);
/// From a block's `timestamp` field, in seconds since 1970.
Timestamp from_unix_seconds(std::uint64_t seconds);

}  // namespace lamda
