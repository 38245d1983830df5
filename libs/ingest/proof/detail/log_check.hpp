// Whether an answer with logs can be what was asked for. Pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "eth/codec/types.hpp"

namespace lamda::ingest {

/// Whether a log is what the filter asks for.
bool matches(const eth::Log& log, const eth::LogFilter& filter);
/// False: the block certainly has no log that the filter asks for.
bool may_match(const eth::Bloom& bloom, const eth::LogFilter& filter);
/// The bloom of a block with these receipts: equal to the header's exactly when the receipts are complete.
eth::Bloom bloom_of(const std::vector<eth::Receipt>& receipts);

/// Sorts by block and log index, and drops identical duplicates. The reason why the answer must be refused,
/// if there is one: a log outside the range, of another contract or topic, two logs of one index, or of two
/// blocks of one height.
std::optional<std::string> sort_and_check(std::vector<eth::Log>& logs, BlockNum from, BlockNum to,
                                          const eth::LogFilter& filter);

}  // namespace lamda::ingest
