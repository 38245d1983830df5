// One log as a service's journal holds it. Read anew from the chain here, apart from the services' own
// projections: what shares the code with what it checks finds less.
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
    std::string subject;  ///< job id or provider, `0x…`; empty: it is about neither
    std::string body;     ///< JSON, canonical_body
    bool operator==(const LogEntry&) const = default;
};

/// Keys in order, no white space: equal JSON is equal text.
std::string canonical_body(std::string_view json);

/// What a stream watches, and what its service makes of it.
struct StreamKind {
    std::string_view name;  ///< `dispatcher:bsc`
    enum class Chain { kBsc, kOpbnb } chain;
    std::vector<Topic> topics;
    /// nullopt: of no interest to the service.
    std::optional<LogEntry> (*entry_of)(const eth::Log& log);
};
/// The four streams.
const std::vector<StreamKind>& stream_kinds();
const StreamKind* find_stream_kind(std::string_view name);

}  // namespace lamda::cli
