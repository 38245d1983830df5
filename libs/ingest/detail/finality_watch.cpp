#include "ingest/detail/finality_watch.hpp"
#include "rpcpool/errors.hpp"

#include <algorithm>

namespace lamda::ingest {

namespace {

/// Without a `finalized` tag, or with a stalled one, blocks older than the head by this time count as beyond
/// reorganisation: for pruning headers and for reading ranges, never for a FinalityRule.
constexpr Millis kPresumedFinal{15 * 60 * 1000};

/// Keeps the newest block: finality never goes back, an older block comes from a node that lags.
void raise(std::optional<eth::Header>& known, const std::optional<eth::Header>& seen) {
    if (seen && (!known || seen->number >= known->number)) {
        known = seen;
    }
}

}  // namespace

std::optional<eth::Header> FinalityWatch::tagged(eth::Tag tag) {
    try {
        return rpc_.header(eth::BlockSpec(tag));
    } catch (const eth::RpcError&) {
        return std::nullopt;  // nodes without the tag answer with errors of many kinds
    } catch (const rpcpool::Disagreement& error) {
        disagreement_ = error.what();
        return std::nullopt;
    }
}

std::optional<eth::Header> FinalityWatch::depth_of(const eth::Header& head, Millis depth, Millis interval) {
    return block_at_depth(head, depth, interval,
                          [&](BlockNum number) { return rpc_.header(eth::BlockSpec(number)); });
}

std::string FinalityWatch::poll_once(const eth::Header& head, Millis interval) {
    const auto now = clock_.steady();
    if (rule_.kind == FinalityRule::Kind::kLatest && finalized_header_ && now < next_reading_) {
        boundary_header_ = head;
        return {};
    }
    next_reading_ = now + kReadingsUnderLatest;
    disagreement_.clear();
    // The tag may differ between endpoints by one block, and may step back by one when a node restarts.
    raise(newest_tagged_, tagged(eth::Tag::kFinalized));
    FinalityReading reading{head, std::nullopt, newest_tagged_, clock_.now()};
    if (rule_.kind == FinalityRule::Kind::kSafe) {
        reading.safe = tagged(eth::Tag::kSafe);
    }
    auto verdict = judge_finality(rule_, reading);
    auto last_error = verdict.last_error;
    if (!disagreement_.empty()) {
        // With required agreement, block age is no substitute. A missing agreement is no error while the
        // newest agreed block is young enough.
        last_error = last_error.empty() ? last_error : disagreement_;
        verdict.depth.reset();
    }
    // A tagged block stays final; the head and a depth below it may change with each poll.
    if (rule_.kind == FinalityRule::Kind::kLatest) {
        boundary_header_ = verdict.boundary;
    } else {
        raise(boundary_header_, verdict.boundary);
    }
    if (verdict.depth) {
        if (const auto deep = depth_of(head, *verdict.depth, interval)) {
            boundary_header_ = deep;
            last_error.clear();
        }
    }
    raise(finalized_header_, reading.finalized);
    if (!reading.finalized || from_unix_seconds(reading.finalized->timestamp) + kPresumedFinal <
                                  from_unix_seconds(head.timestamp)) {
        raise(finalized_header_, depth_of(head, kPresumedFinal, interval));
    }
    return last_error;
}

void FinalityWatch::confirm(const BlockRef& ours) {
    if (finalized_header_ && finalized_header_->ref() == ours) {
        floor_ = std::max(floor_, ours.number);
    }
    if (boundary_header_ && (boundary_header_->ref() == ours || (boundary_header_->number <= floor_ &&
                                                                 boundary_header_->number <= ours.number))) {
        boundary_ = std::max(boundary_, boundary_header_->number);
    }
}

bool FinalityWatch::contradicts(const BlockRef& block) const {
    const auto other = [&](const std::optional<eth::Header>& named) {
        return named && named->number == block.number && named->hash != block.hash;
    };
    return other(finalized_header_) || other(boundary_header_);
}

void FinalityWatch::unwound(BlockNum to) {
    boundary_ = std::min(boundary_, std::max(to, floor_));
}

}  // namespace lamda::ingest
