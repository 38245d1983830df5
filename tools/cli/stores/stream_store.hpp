// State and journal entries of the streams, read through schema api.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/clock.hpp"
#include "core/ids.hpp"
#include "store/database.hpp"
#include "tools/cli/output/log_entry.hpp"

namespace lamda::cli {

struct EndpointState {
    std::string name;
    std::string state;
    std::string last_error;
    std::uint64_t max_range = 0;  ///< blocks; 0: not learned yet
    bool answers_logs = true;
    std::optional<BlockNum> head;
    std::optional<Timestamp> head_at;
};

struct StreamState {
    struct Head {
        BlockNum number;
        Timestamp at;  ///< block time
    };
    struct Reorg {
        Timestamp at;
        BlockNum from;
        BlockNum to;
        std::uint64_t depth;
        std::uint64_t deepest;
        std::uint64_t total;
    };

    struct Audit {
        std::optional<BlockNum> since;
        std::optional<BlockNum> upto;
        std::uint64_t logs;
        std::uint64_t repaired;
        std::optional<Timestamp> repaired_at;
        std::uint64_t unsettled;
        std::string last_error;
        std::optional<Timestamp> audited_at;
    };

    std::string stream;
    std::optional<std::uint64_t> chain_id;
    std::optional<Head> head;  ///< newest head that the stream recorded, or a newer one
    std::optional<Timestamp> head_noted_at;
    std::optional<Head> processed;
    BlockNum boundary;
    BlockNum finalized;
    Timestamp updated_at;
    std::optional<std::string> instance;  ///< the active instance, or the last one
    std::optional<Timestamp> instance_since;
    bool instance_active = false;
    std::optional<Reorg> reorg;
    std::optional<Audit> audit;  ///< absent: no block was audited yet
    std::vector<EndpointState> endpoints;
};

struct StreamStates {
    Timestamp now;  ///< database time, as are all times here
    std::vector<StreamState> streams;
};
StreamStates read_streams(store::Database& database);

/// Returns the journal's canonical entries of the blocks `from` to `to`, in chain order.
std::vector<LogEntry> read_entries(store::Database& database, const std::string& stream, BlockNum from,
                                   BlockNum to);

}  // namespace lamda::cli
