// Time: a clock that can be replaced in tests, and RFC 3339.
#pragma once

#include <chrono>
#include <mutex>
#include <stop_token>
#include <string>
#include <string_view>

#include "core/result.hpp"

namespace lamda {

using Millis = std::chrono::milliseconds;
/// UTC, to the millisecond.
using Timestamp = std::chrono::time_point<std::chrono::system_clock, Millis>;
/// For intervals: never jumps.
using Steady = std::chrono::steady_clock::time_point;

class Clock {
  public:
    virtual ~Clock() = default;
    virtual Timestamp now() const = 0;
    virtual Steady steady() const = 0;
    /// Returns early, with false, when stopped.
    virtual bool sleep(const std::stop_token& stop, Millis time) const = 0;
};

class SystemClock final : public Clock {
  public:
    Timestamp now() const override;
    Steady steady() const override;
    bool sleep(const std::stop_token& stop, Millis time) const override;
};

/// Moves only when told to, or slept on; both faces together but for step(). Thread-safe.
class FakeClock final : public Clock {
  public:
    explicit FakeClock(Timestamp start);
    Timestamp now() const override;
    Steady steady() const override;
    /// Takes no time: moves the clock.
    bool sleep(const std::stop_token& stop, Millis time) const override;
    void advance(Millis by) const;
    /// The wall clock alone, as when a person or a time server sets it.
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
