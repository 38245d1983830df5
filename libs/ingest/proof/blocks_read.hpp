// What was read of some consecutive blocks, and how much of it may be believed. Pure.
#pragma once

#include <vector>

#include "ingest/log_stream.hpp"

namespace lamda::ingest {

/// Consecutive blocks, and those logs of them that the filter asks for.
struct BlocksRead {
    std::vector<BlockHeader>
        headers;  ///< by readers of single blocks: every one; of ranges: those with logs, and the last
    std::vector<eth::Log> logs;
    bool fork = false;     ///< the first block does not follow `after`: nothing was read
    bool waiting = false;  ///< nothing yet: it is on its way
};

BlockHeader kept(const eth::Header& header);

/// The logs of one block that the filter asks for, out of all its receipts. They are complete when their
/// bloom is the header's; with `verify`, their root is compared as well, so that none can be invented.
/// @throws NotReadyYet not complete; eth::BadAnswer impossible; ReceiptsRefused not the header's
std::vector<eth::Log> logs_of_receipts(const eth::Header& header, const std::vector<eth::Receipt>& receipts,
                                       const eth::LogFilter& filter, bool verify);

/// @throws eth::BadAnswer for logs that cannot be those of `header`
void require_logs_of(const eth::Header& header, std::vector<eth::Log>& logs, const eth::LogFilter& filter,
                     const char* method);

}  // namespace lamda::ingest
