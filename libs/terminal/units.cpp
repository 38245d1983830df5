#include "terminal/units.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace lamda::terminal {
namespace {

constexpr std::size_t kBnbDecimals = 18;
constexpr std::size_t kGweiDecimals = 9;
constexpr std::size_t kDecimalsKept = 6;
constexpr std::size_t kSignificantKept = 4;

std::string fraction_of(std::string digits, std::size_t decimals) {
    if (digits.size() <= decimals) {
        digits.insert(0, decimals + 1 - digits.size(), '0');
    }
    std::string fraction = digits.substr(digits.size() - decimals);
    fraction.erase(fraction.find_last_not_of('0') + 1);
    const std::string whole = digits.substr(0, digits.size() - decimals);
    return fraction.empty() ? whole : whole + "." + fraction;
}

}  // namespace

std::string bnb(const U256& wei) {
    return fraction_of(to_decimal(wei), kBnbDecimals) + " BNB";
}

std::string bnb_and_wei(const U256& wei) {
    return fmt::format("{} ({} wei)", bnb(wei), to_decimal(wei));
}

std::string gwei(const U256& wei) {
    return fraction_of(to_decimal(wei), kGweiDecimals) + " gwei";
}

std::string mib(const U256& count) {
    return to_decimal(count) + " MiB";
}

std::string bytes(std::uint64_t count) {
    return fmt::format("{} B", count);
}

std::string gas(const U256& amount) {
    return to_decimal(amount) + " gas";
}

std::string blocks(std::uint64_t count) {
    return fmt::format("{} block{}", count, count == 1 ? "" : "s");
}

std::string rough(Millis span) {
    constexpr std::int64_t kMinute = 60;
    constexpr std::int64_t kHour = 60 * kMinute;
    constexpr std::int64_t kDay = 24 * kHour;
    const auto whole = span.count() / 1'000;
    if (whole == 0 && span.count() != 0) {
        return fmt::format("{} ms", span.count());
    }
    if (whole < 2 * kMinute) {
        return fmt::format("{} s", whole);
    }
    if (whole < 2 * kHour) {
        return fmt::format("{} min", whole / kMinute);
    }
    return whole < 2 * kDay ? fmt::format("{} h", whole / kHour) : fmt::format("{} d", whole / kDay);
}

std::string seconds(double seconds) {
    return fmt::format("{:.1f} s", seconds);
}

std::string short_decimals(const std::string& amount) {
    const auto dot = amount.find('.');
    if (dot == std::string::npos) {
        return amount;
    }
    const auto end = std::min(amount.find(' ', dot), amount.size());
    std::size_t kept = dot + 1 + kDecimalsKept;
    if (const auto first = amount.find_first_not_of("0."); first > dot + 3) {
        kept = std::max(kept, first + kSignificantKept);
    }
    return end <= kept + 1 ? amount : amount.substr(0, kept) + "…" + amount.substr(end);
}

}  // namespace lamda::terminal
