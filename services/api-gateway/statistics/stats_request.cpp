#include "services/api-gateway/statistics/stats_request.hpp"

#include <algorithm>
#include <vector>

#include "crypto/address_text.hpp"
#include "problem/problem.hpp"

namespace lamda::gateway {

namespace {

using Query = std::multimap<std::string, std::string>;

/// Reads parameters one by one, and collects the faults of all.
class Reader {
  public:
    explicit Reader(const Query& query) : query_(query) {}

    /// Reads a parameter, if it is given. @param parse to a Result
    template <class Parse>
    auto read(const std::string& name, Parse parse) {
        names_.push_back(name);
        using Value = std::decay_t<decltype(*parse(std::string()))>;
        const auto at = query_.find(name);
        if (at == query_.end()) {
            return std::optional<Value>();
        }
        if (query_.count(name) > 1) {
            refuse(name, {"repeated", "given more than once; give it once", ""});
            return std::optional<Value>();
        }
        auto parsed = parse(at->second);
        if (!parsed) {
            refuse(name, parsed.error());
            return std::optional<Value>();
        }
        return std::optional<Value>(*std::move(parsed));
    }
    void refuse(const std::string& name, const Error& error) {
        errors_.push_back({"?" + name, error.code, error.message});
    }
    bool has_faults() const { return !errors_.empty(); }
    /// Refuses a range that ends before its begin.
    void check_order(const std::optional<Timestamp>& from, const std::optional<Timestamp>& to) {
        if (from && to && *from >= *to) {
            refuse("to", {"invalid_range", "must be later than from", ""});
        }
    }
    /// @throws problem::Problem if anything was refused, or is unknown
    void finish() {
        std::string allowed;
        for (const auto& name : names_) {
            allowed.append(allowed.empty() ? "" : ", ").append(name);
        }
        for (auto at = query_.begin(); at != query_.end(); at = query_.upper_bound(at->first)) {
            if (std::find(names_.begin(), names_.end(), at->first) == names_.end()) {
                refuse(at->first, {"unknown_field",
                                   allowed.empty() ? "this route has no parameters"
                                                   : "unknown parameter; allowed: " + allowed,
                                   ""});
            }
        }
        if (!errors_.empty()) {
            throw problem::Problem{400, "invalid_request", "", "the query is not usable: see errors",
                                   std::move(errors_)};
        }
    }

  private:
    const Query& query_;
    std::vector<std::string> names_;
    std::vector<problem::FieldError> errors_;
};

/// Times that a chain's blocks may have; rounded ones still have four digits of a year.
Result<Timestamp> parse_moment(const std::string& text) {
    constexpr std::uint64_t kYear3000 = 32'503'680'000;
    auto parsed = parse_rfc3339(text);
    if (parsed && (*parsed < Timestamp{} || *parsed >= from_unix_seconds(kYear3000))) {
        return Error{"out_of_range", "a time from 1970 to 2999", ""};
    }
    return parsed;
}

Result<Interval> parse_interval(const std::string& text) {
    if (text == "hour" || text == "day") {
        return text == "hour" ? Interval::kHour : Interval::kDay;
    }
    return Error{"invalid_value", "unknown interval; use hour, day", ""};
}

Timestamp rounded_down(Timestamp at, Interval interval) {
    return interval == Interval::kDay ? Timestamp(floor<std::chrono::days>(at))
                                      : Timestamp(floor<std::chrono::hours>(at));
}

Timestamp rounded_up(Timestamp at, Interval interval) {
    const auto down = rounded_down(at, interval);
    return down == at ? at : down + length_of(interval);
}

}  // namespace

std::string_view to_string(Interval interval) {
    return interval == Interval::kDay ? "day" : "hour";
}

Millis length_of(Interval interval) {
    return interval == Interval::kDay ? Millis(std::chrono::days(1)) : Millis(std::chrono::hours(1));
}

MarketRequest parse_market_request(const Query& query, Timestamp now) {
    Reader reader(query);
    MarketRequest out;
    const auto interval = reader.read("interval", parse_interval);
    const auto from = reader.read("from", parse_moment);
    const auto to = reader.read("to", parse_moment);
    reader.check_order(from, to);
    out.interval = interval.value_or(Interval::kHour);
    const auto length = length_of(out.interval);
    if (reader.has_faults()) {
        reader.finish();  // throws: defaults in place of refused values are no range to judge
    }
    const std::int64_t usual = out.interval == Interval::kDay ? 30 : 24;
    if (to || !from) {
        out.range.to = rounded_up(to.value_or(rounded_down(now, out.interval) + length), out.interval);
        out.range.from = from ? rounded_down(*from, out.interval) : out.range.to - usual * length;
    } else {
        out.range.from = rounded_down(*from, out.interval);
        out.range.to = rounded_down(now, out.interval) + length;
        if (out.range.from >= out.range.to) {
            reader.refuse("from", {"invalid_range", "is in the future; give to as well", ""});
        }
    }
    if ((out.range.to - out.range.from) / length > kMostIntervals) {
        reader.refuse("from", {"too_many_intervals",
                               "more than " + std::to_string(kMostIntervals) +
                                   " intervals; ask for a shorter range, or for days",
                               ""});
    }
    reader.finish();
    return out;
}

void parse_no_parameters(const Query& query) {
    Reader(query).finish();
}

JobStatsRequest parse_job_stats_request(const Query& query) {
    Reader reader(query);
    JobStatsRequest out;
    out.renter =
        reader.read("renter_address", [](const std::string& text) { return crypto::parse_address(text); });
    out.provider =
        reader.read("provider_address", [](const std::string& text) { return crypto::parse_address(text); });
    const auto from = reader.read("from", parse_moment);
    const auto to = reader.read("to", parse_moment);
    reader.check_order(from, to);
    if (query.contains("renter_address") && query.contains("provider_address")) {
        reader.refuse("provider_address",
                      {"contradiction", "give renter_address or provider_address, not both", ""});
    }
    reader.finish();
    out.from = from ? std::optional(rounded_down(*from, Interval::kDay)) : std::nullopt;
    out.to = to ? std::optional(rounded_up(*to, Interval::kDay)) : std::nullopt;
    return out;
}

}  // namespace lamda::gateway
