#include "core/clock.hpp"

#include <fmt/format.h>

#include <charconv>
#include <condition_variable>
#include <optional>

namespace lamda {

using std::chrono::floor;

Timestamp SystemClock::now() const {
    return floor<Millis>(std::chrono::system_clock::now());
}
Steady SystemClock::steady() const {
    return std::chrono::steady_clock::now();
}

bool SystemClock::sleep(const std::stop_token& stop, Millis time) const {
    std::mutex mutex;
    std::condition_variable_any wake;
    std::unique_lock lock(mutex);
    wake.wait_for(lock, stop, time, [] { return false; });
    return !stop.stop_requested();
}

FakeClock::FakeClock(Timestamp start) : now_(start) {}
Timestamp FakeClock::now() const {
    std::lock_guard lock(mutex_);
    return now_;
}
Steady FakeClock::steady() const {
    std::lock_guard lock(mutex_);
    return steady_;
}
bool FakeClock::sleep(const std::stop_token& stop, Millis time) const {
    advance(time);
    return !stop.stop_requested();
}
void FakeClock::advance(Millis by) const {
    std::lock_guard lock(mutex_);
    now_ += by;
    steady_ += by;
}

void FakeClock::step(Millis by) const {
    std::lock_guard lock(mutex_);
    now_ += by;
}

std::string to_rfc3339(Timestamp at) {
    const auto day = floor<std::chrono::days>(at);
    const std::chrono::year_month_day date(day);
    const std::chrono::hh_mm_ss<Millis> time(at - day);
    return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", static_cast<int>(date.year()),
                       static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                       time.hours().count(), time.minutes().count(), time.seconds().count(),
                       time.subseconds().count());
}

namespace {

// Reads exactly `digits` decimal digits and removes them from the front.
std::optional<int> take_number(std::string_view& text, std::size_t digits) {
    int out = 0;
    if (text.size() < digits) {
        return std::nullopt;
    }
    const auto [end, code] = std::from_chars(text.data(), text.data() + digits, out);
    if (code != std::errc{} || end != text.data() + digits || out < 0) {
        return std::nullopt;
    }
    text.remove_prefix(digits);
    return out;
}

bool take(std::string_view& text, char c) {
    if (text.empty() || text.front() != c) {
        return false;
    }
    text.remove_prefix(1);
    return true;
}

}  // namespace

Result<Timestamp> parse_rfc3339(std::string_view text) {
    const Error bad{"invalid_time", "a time in RFC 3339 form, such as 2026-11-20T10:00:00.000Z", ""};
    const auto year = take_number(text, 4);
    const bool dash1 = take(text, '-');
    const auto month = take_number(text, 2);
    const bool dash2 = take(text, '-');
    const auto day = take_number(text, 2);
    if (!year || !dash1 || !month || !dash2 || !day || !(take(text, 'T') || take(text, 't'))) {
        return bad;
    }
    const auto hour = take_number(text, 2);
    const bool colon1 = take(text, ':');
    const auto minute = take_number(text, 2);
    const bool colon2 = take(text, ':');
    const auto second = take_number(text, 2);
    if (!hour || !colon1 || !minute || !colon2 || !second || *hour > 23 || *minute > 59 || *second > 60) {
        return bad;
    }
    int millis = 0;
    if (take(text, '.')) {
        std::size_t digits = 0;
        int scale = 100;
        while (!text.empty() && text.front() >= '0' && text.front() <= '9') {
            millis += scale * (text.front() - '0');
            scale /= 10;
            ++digits;
            text.remove_prefix(1);
        }
        if (digits == 0) {
            return bad;
        }
    }
    std::chrono::minutes offset{0};
    if (!take(text, 'Z') && !take(text, 'z')) {
        const bool plus = take(text, '+');
        if (!plus && !take(text, '-')) {
            return bad;
        }
        const auto offset_hours = take_number(text, 2);
        const bool colon = take(text, ':');
        const auto offset_minutes = take_number(text, 2);
        if (!offset_hours || !colon || !offset_minutes || *offset_hours > 23 || *offset_minutes > 59) {
            return bad;
        }
        offset = std::chrono::minutes((plus ? 1 : -1) * (*offset_hours * 60 + *offset_minutes));
    }
    const std::chrono::year_month_day date{std::chrono::year(*year),
                                           std::chrono::month(static_cast<unsigned>(*month)),
                                           std::chrono::day(static_cast<unsigned>(*day))};
    if (!text.empty() || !date.ok()) {
        return bad;
    }
    return Timestamp(std::chrono::sys_days(date)) + std::chrono::hours(*hour) +
           std::chrono::minutes(*minute) + std::chrono::seconds(*second) + Millis(millis) - offset;
}

Timestamp from_unix_seconds(std::uint64_t seconds) {
    return Timestamp(std::chrono::seconds(static_cast<std::int64_t>(seconds)));
}

}  // namespace lamda
