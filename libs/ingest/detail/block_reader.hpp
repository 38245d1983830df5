// Reads blocks one by one, with their logs, and believes an answer only as far as it proves itself.
#pragma once

#include "ingest/proof/blocks_read.hpp"
#include "rpcpool/errors.hpp"

namespace lamda::ingest {

class BlockReader {
  public:
    /// @param verify every header must have the hash of its fields; every block that may have logs is read by
    /// its receipts, and their root compared with the header
    BlockReader(eth::Rpc& rpc, eth::LogFilter filter, bool verify);

    /// from … at most `to`: parent hashes, blooms, logs by block hash. Ends early where a block is not known
    /// yet or does not follow; empty headers: not even the first.
    BlocksRead one_by_one(const std::optional<BlockRef>& after, BlockNum from, BlockNum to);

  private:
    std::vector<eth::Log> logs_of(const eth::Header& header);
    std::vector<eth::Log> logs_from_receipts(const eth::Header& header);

    eth::Rpc& rpc_;
    eth::LogFilter filter_;
    bool verify_;
};

}  // namespace lamda::ingest
