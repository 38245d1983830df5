// From what a node says about its chain to the block that a stream may act upon. Pure.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "ingest/log_stream.hpp"

namespace lamda::ingest {

/// What was read in one look at the chain.
struct FinalityReading {
    eth::Header head;
    std::optional<eth::Header> safe;       ///< absent: not asked for, or the node has no such tag
    std::optional<eth::Header> finalized;  ///< absent: the node has no such tag, or nothing is final yet
    Timestamp now;
};

/// The rule applied to a reading: a block, or a depth that has to be looked up in headers, or neither.
struct FinalityVerdict {
    std::optional<eth::Header> boundary;
    std::optional<Millis> depth;  ///< blocks this much older than the head fulfil the rule
    std::string last_error;       ///< why the tag was not believed; empty when it was (or none is needed)
};
FinalityVerdict judge_finality(const FinalityRule& rule, const FinalityReading& reading);

/// The highest block found that is at least `depth` older than the head, by header timestamps; block 0 when
/// the chain is younger. One header call when `interval` is about right. Absent: a header was not to be had.
std::optional<eth::Header> block_at_depth(const eth::Header& head, Millis depth, Millis interval,
                                          const std::function<std::optional<eth::Header>(BlockNum)>& header);

}  // namespace lamda::ingest
