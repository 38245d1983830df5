#include "ingest/detail/finality.hpp"

#include <algorithm>

#include "core/duration.hpp"

namespace lamda::ingest {

Result<FinalityRule> parse_finality(std::string_view text) {
    FinalityRule rule;
    if (text == "latest") {
        rule.kind = FinalityRule::Kind::kLatest;
    } else if (text == "safe") {
        rule.kind = FinalityRule::Kind::kSafe;
    } else if (text == "finalized") {
        rule.kind = FinalityRule::Kind::kFinalized;
    } else if (const auto depth = parse_duration(text)) {
        rule.kind = FinalityRule::Kind::kDepth;
        rule.depth = *depth;
    } else {
        return Error{"invalid_finality", "finality is latest, safe, finalized, or a duration such as 10s",
                     ""};
    }
    return rule;
}

namespace {

FinalityVerdict judge_tag(const FinalityRule& rule, const std::optional<eth::Header>& tagged, const char* tag,
                          Timestamp now) {
    FinalityVerdict verdict;
    if (!tagged) {
        verdict.last_error = std::string("the node names no ") + tag + " block";
    } else {
        const auto age = std::chrono::duration_cast<Millis>(now - from_unix_seconds(tagged->timestamp));
        if (age <= rule.max_age) {
            verdict.boundary = tagged;
            return verdict;
        }
        const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(age);
        verdict.last_error =
            std::string("the node's ") + tag + " block " + std::to_string(tagged->number.value) + " is " +
            lamda::to_string(Millis(seconds)) + " old, allowed are " + lamda::to_string(rule.max_age);
    }
    verdict.depth = rule.fallback;
    return verdict;
}

}  // namespace

FinalityVerdict judge_finality(const FinalityRule& rule, const FinalityReading& reading) {
    switch (rule.kind) {
        case FinalityRule::Kind::kLatest:
            return {reading.head, std::nullopt, ""};
        case FinalityRule::Kind::kDepth:
            return {std::nullopt, rule.depth, ""};
        case FinalityRule::Kind::kFinalized:
            return judge_tag(rule, reading.finalized, "finalized", reading.now);
        case FinalityRule::Kind::kSafe: {
            // A missing or late `safe` tag must not make the stream wait longer than `finalized` does.
            auto tagged = reading.safe;
            if (!tagged || (reading.finalized && reading.finalized->number > tagged->number)) {
                tagged = reading.finalized;
            }
            return judge_tag(rule, tagged, "safe", reading.now);
        }
    }
    return {};
}

std::optional<eth::Header> block_at_depth(const eth::Header& head, Millis depth, Millis interval,
                                          const std::function<std::optional<eth::Header>(BlockNum)>& header) {
    const auto step_ms = std::max<std::int64_t>(interval.count(), 1);
    const auto wanted = static_cast<std::uint64_t>((depth.count() + 999) / 1000);
    auto missing = wanted;
    eth::Header at = head;
    // Each round goes back by the missing time at the measured interval, and at least twice as far as the
    // last round when that interval was wrong.
    std::uint64_t least = 1;
    while (at.number.value > 0 && missing > 0) {
        const auto blocks = missing * 1000 / static_cast<std::uint64_t>(step_ms) + 1;
        const auto found = header(at.number - std::max(blocks, least));
        if (!found) {
            return std::nullopt;
        }
        least *= 2;
        at = *found;
        const auto age = head.timestamp > at.timestamp ? head.timestamp - at.timestamp : 0;
        missing = age >= wanted ? 0 : wanted - age;
    }
    return at;
}

}  // namespace lamda::ingest
