// FinalityWatch: the final blocks that nodes report and that our own chain contains.
#pragma once

#include <algorithm>
#include <optional>
#include <string>

#include "ingest/detail/finality.hpp"
#include "rpcpool/multi_rpc.hpp"

namespace lamda::ingest {

/// Nodes report blocks; boundary and floor rise only when our own chain contains these blocks. A node on
/// another fork can therefore not make a block count as final.
class FinalityWatch {
  public:
    FinalityWatch(const FinalityRule& rule, rpcpool::MultiRpc& rpc, const Clock& clock)
        : rule_(rule), rpc_(rpc), clock_(clock) {}

    /// Interval of readings under the rule `latest`, where finality limits how deep a reorg may be and
    /// decides nothing about a new block: most blocks wait for no second call to the node.
    static constexpr Millis kReadingsUnderLatest{1'000};

    /// Reads which blocks below `head` are final. Returns the reason why finality is not known; empty: known.
    /// @param interval measured block interval  @throws errors of the endpoints
    std::string poll_once(const eth::Header& head, Millis interval);
    /// Compares one of our blocks with the reported ones: on a match all blocks below it fulfil the rule.
    void confirm(const BlockRef& ours);
    /// True when a block of the same height and another hash is reported as final.
    bool contradicts(const BlockRef& block) const;
    /// Notes that our blocks above `to` are removed.
    void unwound(BlockNum to);
    /// Sets the floor from blocks that an earlier process run knew as final.
    void raise_floor(BlockNum to) { floor_ = std::max(floor_, to); }

    /// Newest block reported that fulfils the finality rule.
    const std::optional<eth::Header>& boundary_header() const { return boundary_header_; }
    /// Newest block reported as beyond reorganisation.
    const std::optional<eth::Header>& finalized_header() const { return finalized_header_; }
    BlockNum finalized() const { return finalized_header_ ? finalized_header_->number : BlockNum{}; }
    /// The same for blocks of our own chain. No unwind goes below the floor.
    BlockNum boundary() const { return boundary_; }
    BlockNum floor() const { return floor_; }

  private:
    std::optional<eth::Header> tagged(eth::Tag tag);
    std::optional<eth::Header> depth_of(const eth::Header& head, Millis depth, Millis interval);

    const FinalityRule& rule_;
    rpcpool::MultiRpc& rpc_;
    const Clock& clock_;
    std::string disagreement_;                  ///< between endpoints about the final block; empty: none
    std::optional<eth::Header> newest_tagged_;  ///< newest block that an endpoint reported as `finalized`
    std::optional<eth::Header> boundary_header_;
    std::optional<eth::Header> finalized_header_;
    BlockNum boundary_;
    BlockNum floor_;
    Steady next_reading_{};  ///< under the rule `latest`
};

}  // namespace lamda::ingest
