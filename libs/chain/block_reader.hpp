// Reads blocks and their logs from a node, and believes an answer only as far as it proves itself.
#pragma once

#include <optional>
#include <vector>

#include "chain/log_stream.hpp"
#include "chain/range_window.hpp"

namespace lamda::chain {

/// The answer contradicts itself or an earlier one: nodes behind one address at different heights. Ask again
/// later.
class NotReadyYet : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};

/// Consecutive blocks, and those logs of them that the filter asks for.
struct BlocksRead {
    std::vector<BlockHeader>
        headers;  ///< by readers of single blocks: every one; of ranges: those with logs, and the last
    std::vector<eth::Log> logs;
    bool fork = false;  ///< the first block does not follow `after`: nothing was read
};

class BlockReader {
  public:
    BlockReader(eth::Rpc& rpc, eth::LogFilter filter, std::uint64_t first_window);

    /// from … at most `to`, one by one: parent hashes, blooms, logs by block hash. Ends early where a block
    /// is not known yet or does not follow; empty headers: not even the first.
    BlocksRead one_by_one(const std::optional<BlockRef>& after, BlockNum from, BlockNum to);
    /// from … at most `to` by one eth_getLogs, over as many blocks as this node allows. Only for blocks that
    /// are final and so deep that every node has them. Empty headers: the node lacks them.
    BlocksRead range(const std::optional<BlockRef>& after, BlockNum from, BlockNum to);

    std::uint64_t window() const { return window_.size(); }

  private:
    std::optional<eth::Header> header(BlockNum number);
    std::vector<eth::Log> logs_of(const eth::Header& header);
    std::vector<eth::Log> logs_from_receipts(const eth::Header& header);
    std::vector<eth::Log> logs_between(BlockNum from, BlockNum to);
    std::vector<eth::Log> bisected(BlockNum from, BlockNum& to);

    eth::Rpc& rpc_;
    eth::LogFilter filter_;
    RangeWindow window_;
    unsigned refused_ =
        0;  ///< ranges for which not even one block was answered; such nodes are read one by one
};

}  // namespace lamda::chain
