#include "simulator/fault.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace lamda::simulator {

std::string_view to_string(Fault fault) {
    switch (fault) {
        case Fault::kRefused:
            return "refused";
        case Fault::kHang:
            return "hang";
        case Fault::kTooMany:
            return "429";
        case Fault::kServerError:
            return "5xx";
        case Fault::kCut:
            return "cut";
        case Fault::kGarbage:
            return "garbage";
        case Fault::kSlow:
            return "slow";
        case Fault::kLag:
            return "lag";
        case Fault::kStaleFork:
            return "stale fork";
        case Fault::kForgotten:
            return "forgotten";
        case Fault::kNoFinalized:
            return "no finalized";
        case Fault::kStaleFinalized:
            return "stale finalized";
        case Fault::kFinalizedBehind:
            return "finalized one behind";
        case Fault::kOwnTrouble:
            return "node error";
        case Fault::kRangeLimit:
            return "range limit";
        case Fault::kResultLimit:
            return "result limit";
        case Fault::kTooLarge:
            return "too large";
        case Fault::kNoLogs:
            return "no eth_getLogs";
        case Fault::kNoReceipts:
            return "no receipts";
        case Fault::kFalseEmpty:
            return "false empty";
        case Fault::kWrongChain:
            return "wrong chain";
    }
    return "?";
}

namespace {
std::string_view to_string(LimitStyle style) {
    switch (style) {
        case LimitStyle::kError:
            return "an error";
        case LimitStyle::kPayloadTooLarge:
            return "HTTP 413";
        case LimitStyle::kBadRequest:
            return "HTTP 400";
        case LimitStyle::kHang:
            return "a hang";
        case LimitStyle::kCut:
            return "a cut";
    }
    return "?";
}
}  // namespace

std::string describe(const EndpointPlan& plan) {
    auto out = fmt::format("{}: chain {}, {}+{} ms", plan.url, plan.chain.value, plan.latency.count(),
                           plan.jitter.count());
    const auto add = [&](bool when, const std::string& what) { out += when ? ", " + what : ""; };
    add(plan.balanced, "balanced");
    for (const auto& [fault, rate] : plan.rates) {
        add(true, fmt::format("{} {}%", to_string(fault), rate * 100));
    }
    for (const auto& episode : plan.episodes) {
        add(true, fmt::format("{} {}% {}..{} ms", to_string(episode.fault), episode.share * 100,
                              episode.from.count(), episode.to.count()));
    }
    const bool lags = plan.rates.contains(Fault::kLag) ||
                      std::any_of(plan.episodes.begin(), plan.episodes.end(),
                                  [](const Episode& episode) { return episode.fault == Fault::kLag; });
    add(lags, fmt::format("lag {}", plan.lag));
    add(plan.healthy_from.has_value(),
        fmt::format("healthy from {} ms on", plan.healthy_from.value_or(Millis(0)).count()));
    for (const auto& [method, error] : plan.troubles) {
        add(true, fmt::format("{}: {}", method, error.text));
    }
    add(plan.hashes_forgotten_below > 0,
        fmt::format("hashes forgotten below {}", plan.hashes_forgotten_below));
    add(plan.retry_after.has_value(),
        fmt::format("Retry-After {} ms", plan.retry_after.value_or(Millis(0)).count()));
    add(plan.lies.has_value(), "lies");
    add(plan.empty_when_lacking, "empty answers for blocks it lacks");
    add(plan.range_limit > 0, fmt::format("at most {} blocks", plan.range_limit));
    add(plan.result_limit > 0, fmt::format("at most {} logs", plan.result_limit));
    add(plan.bytes_per_log > 0, fmt::format("logs of {} bytes", plan.bytes_per_log));
    add(plan.range_limit + plan.result_limit > 0,
        fmt::format("limits reported by {}", to_string(plan.limit_style)));
    add(plan.pruned_below > 0, fmt::format("pruned below {}", plan.pruned_below));
    add(plan.state_pruned_below > 0, fmt::format("no state below {}", plan.state_pruned_below));
    add(plan.no_logs, "no eth_getLogs");
    add(plan.no_receipts, "no eth_getBlockReceipts");
    return out;
}

}  // namespace lamda::simulator
