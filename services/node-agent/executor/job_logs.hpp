// Publishes a container's logs on the bus: bounded, best effort.
#pragma once

#include <vector>

#include "services/node-agent/executor/executor.hpp"
#include "services/node-agent/state/journal.hpp"

namespace lamda::agent {

/// Maximum bytes of logs published per attempt; a last line states that the rest is omitted.
inline constexpr std::uint64_t kMostLogBytes = 1ULL << 20;

/// Joins lines of one stream into messages of at most 32 KiB and advances `progress` past them.
std::vector<wire::LogChunk> chunk_logs(const AttemptKey& key, const std::vector<LogLine>& lines,
                                       Timestamp now, LogProgress& progress);

}  // namespace lamda::agent
