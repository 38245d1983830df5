// Tests of the parameters of statistics: ranges, defaults, and all faults at once.
#include "services/api-gateway/statistics/stats_request.hpp"

#include <catch2/catch.hpp>
#include <cmath>
#include <set>

#include "problem/problem.hpp"
#include "services/api-gateway/statistics/completion_time.hpp"

using namespace lamda;
using namespace lamda::gateway;

namespace {

using Query = std::multimap<std::string, std::string>;

Timestamp at(const std::string& text) {
    return parse_rfc3339(text).value();
}
const auto kNow = at("2026-11-20T10:30:00Z");

/// The faults as `pointer code`; empty: accepted.
template <class Parse>
std::set<std::string> faults_of(Parse parse) {
    std::set<std::string> out;
    try {
        parse();
    } catch (const problem::Problem& problem) {
        CHECK(problem.status == 400);
        for (const auto& error : problem.errors) {
            out.insert(error.pointer + " " + error.code);
        }
        CHECK_FALSE(out.empty());
    }
    return out;
}
std::set<std::string> market_faults(const Query& query) {
    return faults_of([&] { parse_market_request(query, kNow); });
}
std::set<std::string> job_faults(const Query& query) {
    return faults_of([&] { parse_job_stats_request(query); });
}
using Faults = std::set<std::string>;

}  // namespace

TEST_CASE("market statistics: the range is extended to whole intervals, and has defaults") {
    const auto range = [](const Query& query) { return parse_market_request(query, kNow).range; };
    CHECK(range({}) == Range{at("2026-11-19T11:00:00Z"), at("2026-11-20T11:00:00Z")});
    CHECK(range({{"interval", "day"}}) == Range{at("2026-10-22T00:00:00Z"), at("2026-11-21T00:00:00Z")});
    CHECK(range({{"from", "2026-11-20T08:59:59.999Z"}}) ==
          Range{at("2026-11-20T08:00:00Z"), at("2026-11-20T11:00:00Z")});
    CHECK(range({{"to", "2026-11-20T08:00:00Z"}}) ==
          Range{at("2026-11-19T08:00:00Z"), at("2026-11-20T08:00:00Z")});
    CHECK(range({{"from", "2026-11-20T01:30:00+02:00"},
                 {"to", "2026-11-20T00:00:00.001Z"},
                 {"interval", "day"}}) == Range{at("2026-11-19T00:00:00Z"), at("2026-11-21T00:00:00Z")});
    CHECK(range({{"from", "1969-12-31T23:00:00-05:00"}, {"to", "1970-01-01T05:00:00Z"}}) ==
          Range{at("1970-01-01T04:00:00Z"), at("1970-01-01T05:00:00Z")});
}

TEST_CASE("market statistics: bad ranges are refused with all faults") {
    CHECK(
        market_faults({{"interval", "week"}, {"from", "yesterday"}, {"to", ""}, {"limit", "3"}}) ==
        Faults{"?interval invalid_value", "?from invalid_time", "?to invalid_time", "?limit unknown_field"});
    CHECK(market_faults({{"from", "2026-11-20T08:00:00Z"}, {"to", "2026-11-20T08:00:00Z"}}) ==
          Faults{"?to invalid_range"});
    CHECK(market_faults({{"from", "2027-01-01T00:00:00Z"}}) == Faults{"?from invalid_range"});
    CHECK(market_faults({{"interval", "hour"}, {"interval", "day"}}) == Faults{"?interval repeated"});
    CHECK(market_faults({{"from", "0001-01-01T00:00:00Z"}, {"to", "9999-12-31T23:59:59Z"}}) ==
          Faults{"?from out_of_range", "?to out_of_range"});
    // 1,000 hours, and one more.
    CHECK(market_faults({{"from", "2026-10-09T19:00:00Z"}}) == Faults{});
    CHECK(market_faults({{"from", "2026-10-09T18:59:59Z"}}) == Faults{"?from too_many_intervals"});
    CHECK(market_faults(
              {{"from", "1970-01-01T00:00:00Z"}, {"to", "2999-12-31T23:59:59Z"}, {"interval", "day"}}) ==
          Faults{"?from too_many_intervals"});
    // The range is not judged by defaults in place of refused parameters.
    CHECK(market_faults({{"from", "2020-01-01T00:00:00Z"}, {"interval", "week"}}) ==
          Faults{"?interval invalid_value"});
    CHECK(market_faults({{"from", "2027-01-01T00:00:00Z"}, {"to", "soon"}}) == Faults{"?to invalid_time"});
}

TEST_CASE("job statistics: whole days, of a renter or of a provider") {
    const std::string address = "0x15d34aaf54267db7d7c367839aaf71a00a2c6a65";
    const auto asked = parse_job_stats_request(
        {{"renter_address", address}, {"from", "2026-11-20T08:00:00Z"}, {"to", "2026-11-21T00:00:00Z"}});
    CHECK(asked.renter == Address::parse(address).value());
    CHECK_FALSE(asked.provider);
    CHECK(asked.from == at("2026-11-20T00:00:00Z"));
    CHECK(asked.to == at("2026-11-21T00:00:00Z"));
    CHECK_FALSE(parse_job_stats_request({}).from);
    CHECK(job_faults({{"renter_address", address}, {"provider_address", address}}) ==
          Faults{"?provider_address contradiction"});
    CHECK(job_faults({{"renter_address", "0x1"}, {"from", "2"}, {"status", "paid"}}) ==
          Faults{"?renter_address invalid_address", "?from invalid_time", "?status unknown_field"});
    CHECK(faults_of([] { parse_no_parameters({{"from", "2"}}); }) == Faults{"?from unknown_field"});
}

TEST_CASE(
    "a grade's completion time is within 5 % of each time of the grade, and shares have four decimals") {
    CHECK(completion_ms(0) == 1'000);
    for (int grade = 1; grade < 200; ++grade) {
        const auto shown = static_cast<double>(completion_ms(grade));
        CHECK(std::abs(shown / (1'000 * std::exp2((grade - 1) / 8.0)) - 1) < 0.05);
        CHECK(std::abs(shown / (1'000 * std::exp2(grade / 8.0)) - 1) < 0.05);
    }
    CHECK(share_json(0) == "0.0000");
    CHECK(share_json(9'870) == "0.9870");
    CHECK(share_json(10'000) == "1.0000");
    CHECK(share_json(10'001) == "1.0000");
    CHECK(share_json(-1) == "0.0000");
}
