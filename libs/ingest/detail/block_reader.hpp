// BlockReader: reads blocks one by one with their logs, and accepts only what an answer proves.
#pragma once

#include "ingest/proof/blocks_read.hpp"
#include "rpcpool/errors.hpp"

namespace lamda::ingest {

class BlockReader {
  public:
    /// @param verify every header must have the hash of its fields; blocks that may have logs are read from
    /// receipts whose root must be the header's
    BlockReader(eth::Rpc& rpc, eth::LogFilter filter, bool verify);

    /// Reads from … at most `to`: checks parent hashes and blooms, reads logs by block hash. Ends early at a
    /// block that is unknown or does not follow. Empty headers: the first block could not be read.
    /// @param head a header that was read already: it is requested again only with `verify`
    BlocksRead one_by_one(const std::optional<BlockRef>& after, BlockNum from, BlockNum to,
                          const eth::Header& head);

  private:
    std::optional<eth::Header> header_of(BlockNum number, const eth::Header& head);
    std::vector<eth::Log> logs_of(const eth::Header& header);
    std::vector<eth::Log> logs_from_receipts(const eth::Header& header);

    eth::Rpc& rpc_;
    eth::LogFilter filter_;
    bool verify_;
};

}  // namespace lamda::ingest
