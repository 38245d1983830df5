// Blocks, logs, receipts and transactions of an EVM chain (execution-apis, "eth" namespace).
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "core/ids.hpp"
#include "core/u256.hpp"

namespace lamda::eth {

struct Log {
    Address address;
    std::vector<Topic> topics;  ///< 0 … 4
    Bytes data;
    BlockNum block_num;
    BlockHash block_hash;
    TxHash tx_hash;
    std::uint64_t tx_index = 0;
    std::uint64_t log_index = 0;  ///< within the block
    bool operator==(const Log&) const = default;
};

/// 2048 bits (Yellow Paper, section 4.3.1).
class Bloom {
  public:
    Bloom() = default;
    explicit Bloom(const std::array<std::uint8_t, 256>& bits) : bits_(bits) {}
    /// False: the block has no log of this address (or with this topic). True: it may have one.
    bool may_contain(BytesView item) const;
    void add(BytesView item);
    void add(const Log& log);  ///< its address and its topics
    const std::array<std::uint8_t, 256>& bits() const { return bits_; }
    bool operator==(const Bloom&) const = default;

  private:
    std::array<std::uint8_t, 256> bits_{};
};

struct Header {
    BlockNum number;
    BlockHash hash;
    BlockHash parent_hash;
    std::uint64_t timestamp = 0;  ///< seconds since 1970; neighbouring blocks may have the same
    Bloom logs_bloom;
    std::optional<U256> base_fee;               ///< EIP-1559 chains only
    std::optional<ReceiptsRoot> receipts_root;  ///< absent: omitted by the node
    BlockRef ref() const { return {number, hash}; }
};

struct Receipt {
    TxHash tx_hash;
    BlockRef block;
    Address from;
    bool success = false;
    std::uint64_t gas_used = 0;
    std::optional<U256> effective_gas_price;  ///< wei per gas; absent: omitted by the node
    std::optional<Address> contract_address;
    std::vector<Log> logs;
    /// Needed for the receipts root only (receipts_root.hpp). Absent: omitted by the node.
    std::optional<std::uint8_t> type;  ///< EIP-2718; 0: legacy
    std::optional<std::uint64_t> cumulative_gas_used;
    std::optional<std::uint64_t> deposit_nonce;            ///< OP stack, type 0x7e
    std::optional<std::uint64_t> deposit_receipt_version;  ///< OP stack, type 0x7e, from Canyon on
};

/// Position of a mined transaction. Nodes find a transaction by position as long as they have the block, by
/// hash only as long as they index hashes (opBNB's default: 6.8 days).
struct TxPlace {
    TxHash tx;
    BlockHash block;
    std::uint64_t index = 0;
    bool operator==(const TxPlace&) const = default;
};

/// A transaction as returned by a node.
struct TransactionInfo {
    TxHash hash;
    Address from;
    std::optional<Address> to;
    std::uint64_t nonce = 0;
    U256 value;
    Bytes input;
    std::optional<BlockRef> block;  ///< absent: not mined yet
};

enum class Tag { kLatest, kSafe, kFinalized, kPending, kEarliest };
using BlockSpec = std::variant<Tag, BlockNum>;

struct CallRequest {
    std::optional<Address> from;
    std::optional<Address> to;  ///< absent: creates a contract from `data`
    Bytes data;
    U256 value = 0;
    std::optional<std::uint64_t> gas{};  ///< gas limit; absent: the node's limit
};

struct LogFilter {
    std::vector<Address> addresses;
    std::vector<Topic> topic0;  ///< any of these; empty: all
    std::vector<Topic> topic1;  ///< any of these; empty: all (first indexed argument)
};

}  // namespace lamda::eth
