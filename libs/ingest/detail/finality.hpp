// Finality rule: decides from a node's tags up to which block a stream may act. Pure.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "ingest/log_stream.hpp"

namespace lamda::ingest {

/// Values read in one poll of the chain.
struct FinalityReading {
    eth::Header head;
    std::optional<eth::Header> safe;       ///< absent: not requested, or the node lacks the tag
    std::optional<eth::Header> finalized;  ///< absent: the node lacks the tag, or nothing is final yet
    Timestamp now;
};

/// Result of the rule for one reading: a block, a depth to look up in headers, or neither.
struct FinalityVerdict {
    std::optional<eth::Header> boundary;
    std::optional<Millis> depth;  ///< blocks older than the head by this time fulfil the rule
    std::string last_error;       ///< why the tag was not accepted; empty when it was, or none is needed
};
FinalityVerdict judge_finality(const FinalityRule& rule, const FinalityReading& reading);

/// Returns the highest block found that is at least `depth` older than the head, by header timestamps; block
/// 0 when the chain is younger. One header call when `interval` is about right. Absent: no header.
std::optional<eth::Header> block_at_depth(const eth::Header& head, Millis depth, Millis interval,
                                          const std::function<std::optional<eth::Header>(BlockNum)>& header);

}  // namespace lamda::ingest
