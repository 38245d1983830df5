// What is final, as the nodes say and as our own chain bears out.
#pragma once

#include <algorithm>
#include <optional>
#include <string>

#include "ingest/detail/finality.hpp"
#include "rpcpool/multi_rpc.hpp"

namespace lamda::ingest {

/// Nodes name blocks; boundary and floor rise when our own chain is seen to contain those very blocks. So
/// nothing is told to be final on the word of a node that sees another fork.
class FinalityWatch {
  public:
    FinalityWatch(const FinalityRule& rule, rpcpool::MultiRpc& rpc, const Clock& clock)
        : rule_(rule), rpc_(rpc), clock_(clock) {}

    /// Asks what is final below that head. Returns what a person should know; empty: nothing.
    /// @param interval between blocks, as measured  @throws what the endpoints throw
    std::string poll_once(const eth::Header& head, Millis interval);
    /// One of our blocks: when it is the one that a rule names, all below it fulfil the rule.
    void confirm(const BlockRef& ours);
    /// A block of that height is named to be final, and is another one.
    bool contradicts(const BlockRef& block) const;
    /// Our blocks above that one are gone.
    void unwound(BlockNum to);
    /// What was known to be final in an earlier life.
    void raise_floor(BlockNum to) { floor_ = std::max(floor_, to); }

    /// Newest block seen to fulfil the finality rule.
    const std::optional<eth::Header>& boundary_header() const { return boundary_header_; }
    /// Newest block seen beyond reorganisation.
    const std::optional<eth::Header>& finalized_header() const { return finalized_header_; }
    BlockNum finalized() const { return finalized_header_ ? finalized_header_->number : BlockNum{}; }
    /// The same for our own chain. No unwind goes below the floor.
    BlockNum boundary() const { return boundary_; }
    BlockNum floor() const { return floor_; }

  private:
    std::optional<eth::Header> tagged(eth::Tag tag);
    std::optional<eth::Header> depth_of(const eth::Header& head, Millis depth, Millis interval);

    const FinalityRule& rule_;
    rpcpool::MultiRpc& rpc_;
    const Clock& clock_;
    std::string disagreement_;                  ///< of endpoints about what is final; empty: none
    std::optional<eth::Header> newest_tagged_;  ///< newest block that an endpoint named `finalized`
    std::optional<eth::Header> boundary_header_;
    std::optional<eth::Header> finalized_header_;
    BlockNum boundary_;
    BlockNum floor_;
};

}  // namespace lamda::ingest
