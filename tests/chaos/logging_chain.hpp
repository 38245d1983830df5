// A real EVM node with a contract that logs; a test adds blocks with and without logs, and reorgs. finalized
// = head - 64.
#pragma once

#include <mutex>
#include <random>
#include <string>
#include <vector>

#include "eth/rpc_client.hpp"
#include "testkit/servers.hpp"

namespace lamda::chaos {

/// One log as text, for comparison: block, its hash, log index, transaction, data.
using Row = std::string;
Row row_of(BlockNum block, const BlockHash& hash, std::uint64_t log_index, const TxHash& tx, BytesView data);
BlockNum block_of(const Row& row);

/// A chain controlled by a test. Thread-safe.
class LoggingChain {
  public:
    static constexpr unsigned kFinalDepth = 64;

    explicit LoggingChain(const std::string& dir);

    std::string url() const { return anvil_.url(); }
    Address contract() const { return contract_; }
    /// Mines a block with so many transactions, each with two unique logs.
    void block(unsigned transactions);
    /// Mines blocks without logs.
    void empty_blocks(unsigned count);
    /// Replaces the newest `depth` blocks; so many transactions are spread over the new ones.
    void reorg(unsigned depth, unsigned transactions, std::mt19937& random);

    BlockRef head();
    BlockNum block_num() { return head().number; }
    /// All canonical logs of the contract, by eth_getLogs.
    std::vector<Row> logs();

  private:
    std::string request();

    std::mutex mutex_;
    testkit::Anvil anvil_;
    eth::HttpRpc rpc_;
    std::string from_;
    Address contract_;
    std::uint64_t next_ = 1;  ///< data of the next transaction
};

}  // namespace lamda::chaos
