// Checks that logs in an answer match the request. Pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "eth/codec/types.hpp"

namespace lamda::ingest {

/// True when the log matches the filter.
bool matches(const eth::Log& log, const eth::LogFilter& filter);
/// False: the block certainly has no log that matches the filter.
bool may_match(const eth::Bloom& bloom, const eth::LogFilter& filter);
/// Returns the bloom of a block with these receipts; equal to the header's exactly when they are complete.
eth::Bloom bloom_of(const std::vector<eth::Receipt>& receipts);

/// Sorts by block and log index, and drops identical duplicates. Returns the reason to refuse the answer, if
/// any: a log outside the range, of another contract or topic, two logs with one index, or logs of two blocks
/// of one height.
std::optional<std::string> sort_and_check(std::vector<eth::Log>& logs, BlockNum from, BlockNum to,
                                          const eth::LogFilter& filter);

}  // namespace lamda::ingest
