#include "core/duration.hpp"

#include <charconv>

namespace lamda {

Result<Millis> parse_duration(std::string_view text) {
    const Error bad{"invalid_duration", "a whole number and a unit: 500ms, 10s, 5m, 24h (at most 365 days)",
                    ""};
    std::int64_t number = 0;
    const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (code != std::errc{} || number < 0) {
        return bad;
    }
    const std::string_view unit(end, static_cast<std::size_t>(text.data() + text.size() - end));
    const std::int64_t scale = unit == "ms"  ? 1
                               : unit == "s" ? 1'000
                               : unit == "m" ? 60'000
                               : unit == "h" ? 3'600'000
                                             : 0;
    constexpr std::int64_t kMost = std::int64_t{365} * 24 * 3'600'000;
    if (scale == 0 || number > kMost / scale) {
        return bad;
    }
    return Millis(number * scale);
}

std::string to_string(Millis duration) {
    const auto count = duration.count();
    if (count != 0 && count % 3'600'000 == 0) {
        return std::to_string(count / 3'600'000) + "h";
    }
    if (count != 0 && count % 60'000 == 0) {
        return std::to_string(count / 60'000) + "m";
    }
    if (count % 1'000 == 0) {
        return std::to_string(count / 1'000) + "s";
    }
    return std::to_string(count) + "ms";
}

}  // namespace lamda
