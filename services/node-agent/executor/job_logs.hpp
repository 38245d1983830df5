// Publishes a container's logs on the bus: bounded, best effort.
#pragma once

#include <vector>

#include "services/node-agent/executor/executor.hpp"
#include "services/node-agent/state/journal.hpp"

namespace lamda::agent {

/// Maximum bytes of logs published per attempt; a last line states that the rest is omitted.
inline constexpr std::uint64_t kMostLogBytes = 1ULL << 20;

/// Moves the position past the line.
void pass(LogPosition& position, const LogLine& line);
/// Removes the lines after `until`, if it is the end of one of them. Returns true if it is.
bool cut_lines(std::vector<LogLine>& lines, LogPosition after, const LogPosition& until);

/// Joins lines of one stream into messages of at most 32 KiB and advances `progress` past them. Pure: the
/// same lines after the same progress make the same chunks, apart from `now`.
std::vector<wire::LogChunk> chunk_logs(const AttemptKey& key, const std::vector<LogLine>& lines,
                                       Timestamp now, LogProgress& progress);

}  // namespace lamda::agent
