// Parameters of requests for statistics: pure functions from a request's query to a typed value, or to all
// faults.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "core/clock.hpp"
#include "core/ids.hpp"

namespace lamda::gateway {

/// Intervals of one answer about the market.
constexpr std::int64_t kMostIntervals = 1'000;

enum class Interval { kHour, kDay };
std::string_view to_string(Interval interval);
Millis length_of(Interval interval);

/// Whole intervals of UTC: from `from` up to, and without, `to`.
struct Range {
    Timestamp from;
    Timestamp to;
    bool operator==(const Range&) const = default;
};

struct MarketRequest {
    Interval interval = Interval::kHour;
    Range range;
};

/// Parses `interval`, `from` and `to`. The range is extended to whole intervals. Defaults: hours; up to the
/// end of the present interval; 24 hours, or 30 days. @param now for the defaults
/// @throws problem::Problem 400 with every fault
MarketRequest parse_market_request(const std::multimap<std::string, std::string>& query, Timestamp now);

/// Jobs that were created in a range of days; of one renter or one provider, if one is given.
struct JobStatsRequest {
    std::optional<Address> renter;
    std::optional<Address> provider;
    std::optional<Timestamp> from;
    std::optional<Timestamp> to;
};

/// Parses `renter_address`, `provider_address`, `from` and `to`. The range is extended to whole days of UTC.
/// @throws problem::Problem 400 with every fault
JobStatsRequest parse_job_stats_request(const std::multimap<std::string, std::string>& query);

/// @throws problem::Problem 400 naming each parameter
void parse_no_parameters(const std::multimap<std::string, std::string>& query);

}  // namespace lamda::gateway
