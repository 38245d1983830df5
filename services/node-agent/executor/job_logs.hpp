// A container's output as messages on the bus: bounded, best effort.
#pragma once

#include <vector>

#include "services/node-agent/executor/docker/docker_engine.hpp"
#include "services/node-agent/state/journal.hpp"

namespace lamda::agent {

/// Bytes of output that are published per attempt; one line says so when it is cut.
inline constexpr std::uint64_t kMostLogBytes = 1ULL << 20;

/// Joins lines of one stream to messages of at most 32 KiB and moves `progress` past them.
std::vector<wire::LogChunk> chunk_logs(const AttemptKey& key, const std::vector<LogLine>& lines,
                                       Timestamp now, LogProgress& progress);

}  // namespace lamda::agent
