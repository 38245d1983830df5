// One window of a backfill, from its first call to its blocks. Private to backfill.cpp.
#pragma once

#include <deque>
#include <map>
#include <set>

#include "ingest/backfill.hpp"

namespace lamda::ingest {

struct Backfill::Window {
    enum class Stage {
        kPlanned,   ///< no call was made yet
        kLogs,      ///< eth_getLogs is in flight
        kConfirm,   ///< the answer was empty and is confirmed by a second call
        kHeaders,   ///< of the blocks with logs, the first and the last; or of all
        kReceipts,  ///< of the blocks whose bloom says "maybe"
        kDone
    };

    BlockNum from;
    BlockNum to;
    std::size_t endpoint = 0;
    std::optional<std::size_t> avoid;  ///< the endpoint that failed last
    bool by_receipts = false;
    unsigned failures = 0;  ///< since the size changed
    Stage stage = Stage::kPlanned;
    std::set<Id> under_way;
    std::vector<eth::Log> logs;
    std::map<BlockNum, std::optional<eth::Header>> headers;
    std::map<BlockNum, std::vector<eth::Receipt>> receipts;
    std::deque<BlockNum> not_asked;  ///< headers or receipts, by stage
    unsigned rounds_again = 0;       ///< rounds in which absent headers were requested again

    std::uint64_t blocks() const { return to.value - from.value + 1; }
    bool begun() const { return stage != Stage::kPlanned && stage != Stage::kDone; }
    bool in_logs() const { return stage == Stage::kLogs || stage == Stage::kConfirm; }
    bool all_here() const { return not_asked.empty() && under_way.empty(); }
};

}  // namespace lamda::ingest
