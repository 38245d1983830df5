// Decides which log chunks are kept. Pure functions, no I/O.
#pragma once

#include <map>
#include <set>
#include <tuple>
#include <vector>

#include "bus/bus.hpp"
#include "wire/messages.hpp"

namespace lamda::dispatch {

/// Limits of one attempt's kept log.
inline constexpr std::uint64_t kMostLogBytes = 1U << 20;
inline constexpr std::uint64_t kMostLogChunks = 16'384;
/// A longer chunk is refused.
inline constexpr std::size_t kMostChunkBytes = 64U << 10;
/// `seq` of the row that says how much of an attempt was not kept; above every chunk's.
inline constexpr std::uint64_t kCutSeq = (1ULL << 53) - 1;

/// A well-formed chunk whose subject names its job.
struct ReceivedLog {
    Address provider;  ///< of the subject
    wire::LogChunk chunk;
};
/// Errors: `refused` with the reason.
Result<ReceivedLog> read_log(const bus::Message& message);

struct LogAttempt {
    JobId job;
    std::uint32_t attempt;
    auto operator<=>(const LogAttempt&) const = default;
};
/// Known of the attempts and chunks of a batch.
struct LogsKnown {
    struct Kept {
        Address provider;  ///< that the attempt was sent to
        std::uint64_t bytes = 0;
        std::uint64_t chunks = 0;
    };
    std::map<LogAttempt, Kept> sent;                         ///< attempts that were sent
    std::set<std::tuple<LogAttempt, std::uint64_t>> chunks;  ///< attempt and seq of kept chunks
};
struct LogsDecision {
    std::vector<const ReceivedLog*> keep;           ///< in the order of the batch
    std::map<LogAttempt, std::uint64_t> cut_bytes;  ///< beyond the limits of an attempt
    std::uint64_t repeated = 0;
    std::uint64_t refused = 0;  ///< unknown job, attempt that was never sent, or another provider's
    std::uint64_t cut = 0;      ///< chunks beyond the limits
};
LogsDecision decide_logs(const std::vector<ReceivedLog>& batch, LogsKnown known);

}  // namespace lamda::dispatch
