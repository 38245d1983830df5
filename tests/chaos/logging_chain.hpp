// A real EVM node with a contract that logs, and a chain that a test writes block by block: with logs,
// without, and reorganised. finalized = head - 64.
#pragma once

#include <mutex>
#include <random>
#include <string>
#include <vector>

#include "eth/rpc_client.hpp"
#include "testkit/servers.hpp"

namespace lamda::chaos {

/// One log as it is compared: block, its hash, place in the block, transaction, data.
using Row = std::string;
Row row_of(BlockNum block, const BlockHash& hash, std::uint64_t log_index, const TxHash& tx, BytesView data);
BlockNum block_of(const Row& row);

/// Thread-safe.
class LoggingChain {
  public:
    static constexpr unsigned kFinalDepth = 64;

    explicit LoggingChain(const std::string& dir);

    std::string url() const { return anvil_.url(); }
    Address contract() const { return contract_; }
    /// A block with so many transactions, each of two logs that no other has.
    void block(unsigned transactions);
    /// Blocks without logs.
    void empty_blocks(unsigned count);
    /// The newest `depth` blocks are replaced by others; so many transactions are spread over these.
    void reorg(unsigned depth, unsigned transactions, std::mt19937& random);

    BlockRef head();
    BlockNum block_num() { return head().number; }
    /// Every log of the contract that is canonical now, by eth_getLogs.
    std::vector<Row> logs();

  private:
    std::string request();

    std::mutex mutex_;
    testkit::Anvil anvil_;
    eth::HttpRpc rpc_;
    std::string from_;
    Address contract_;
    std::uint64_t next_ = 1;  ///< what the next transaction logs
};

}  // namespace lamda::chaos
