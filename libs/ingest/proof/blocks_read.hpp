// Blocks read from a node, and the checks that their logs are complete and belong to them. Pure.
#pragma once

#include <vector>

#include "ingest/log_stream.hpp"

namespace lamda::ingest {

/// Consecutive blocks, and their logs that match the filter.
struct BlocksRead {
    std::vector<BlockHeader>
        headers;  ///< from single-block reads: all; from ranges: blocks with logs, and the last
    std::vector<eth::Log> logs;
    bool fork = false;     ///< the first block does not follow `after`; nothing was read
    bool waiting = false;  ///< no block yet; calls are in flight
};

BlockHeader kept(const eth::Header& header);

/// Returns the logs of one block that match the filter, from all its receipts. They are complete when their
/// bloom is the header's; with `verify` their root must be the header's too, so that no log can be invented.
/// @throws NotReadyYet when incomplete; eth::BadAnswer when impossible; ReceiptsRefused when not the header's
std::vector<eth::Log> logs_of_receipts(const eth::Header& header, const std::vector<eth::Receipt>& receipts,
                                       const eth::LogFilter& filter, bool verify);

/// @throws eth::BadAnswer for logs that cannot belong to `header`
void require_logs_of(const eth::Header& header, std::vector<eth::Log>& logs, const eth::LogFilter& filter,
                     const char* method);

}  // namespace lamda::ingest
