// Journal entry of one log, derived from the chain independently of the services' projections: a check that
// shares code with its subject finds less.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "eth/codec/types.hpp"

namespace lamda::cli {

struct LogEntry {
    BlockRef block;
    std::uint64_t log_index = 0;
    TxHash tx_hash;
    std::string kind;     ///< as in api.stream_log
    std::string subject;  ///< job id or provider, `0x…`; empty: neither
    std::string body;     ///< JSON, canonical_body
    bool operator==(const LogEntry&) const = default;
};

/// Returns JSON with sorted keys and no white space: equal JSON is equal text.
std::string canonical_body(std::string_view json);

/// Watched topics of a stream, and the journal entry for each log.
struct StreamKind {
    std::string_view name;  ///< `dispatcher:bsc`
    enum class Chain { kBsc, kOpbnb } chain;
    std::vector<Topic> topics;
    /// nullopt: the service does not record the log.
    std::optional<LogEntry> (*entry_of)(const eth::Log& log);
};
/// The four streams.
const std::vector<StreamKind>& stream_kinds();
const StreamKind* find_stream_kind(std::string_view name);

}  // namespace lamda::cli
