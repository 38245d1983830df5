// Blocks of a node, and answers from them, without faults.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "eth/codec/header_hash.hpp"
#include "eth/rpc_client.hpp"

namespace lamda::simulator {

struct Tx {
    TxHash hash;
    Address from;
    std::uint64_t nonce = 0;
    Bytes data;
    U256 max_fee;
    std::optional<Address> to;
};

struct Block {
    eth::Header header;
    Bytes extra_data;  ///< unique per block
    std::vector<Tx> txs;
    std::vector<eth::Receipt> receipts;
};

/// Blocks by number, from genesis on. Blocks are immutable, so forks share them.
using Branch = std::vector<std::shared_ptr<const Block>>;

/// True if the log matches the filter.
bool matches(const eth::Log& log, const eth::LogFilter& filter);
/// All fields of the block's header; its hash is their hash.
eth::HeaderFields header_fields(const Block& block);
/// The bloom of a block with these receipts.
eth::Bloom bloom_of(const std::vector<eth::Receipt>& receipts);
/// Sets the header's receipts root and bloom, its hash, and each reference to the block.
void seal(Block& block);
/// Sets the position of the block's logs, from its header and receipts.
void place_logs(Block& block);
/// Next nonce of an address: its transactions in blocks up to `number`.
std::uint64_t nonce_after(const Branch& branch, const Address& address, std::uint64_t number);

/// A node at one moment: its branch, up to its head. Holds references: valid for one answer only.
class ChainView {
  public:
    /// @param safe, finalized absent: the node lacks the tag
    ChainView(const Branch& branch, std::uint64_t head, std::optional<std::uint64_t> safe,
              std::optional<std::uint64_t> finalized);

    std::uint64_t head() const { return head_; }
    /// Null: the node lacks the block. @throws eth::RpcError for a tag that the node lacks
    const Block* block(const eth::BlockSpec& spec) const;
    const Block* block(const BlockHash& hash) const;
    /// Logs of those blocks of the range that the node has.
    std::vector<eth::Log> logs(BlockNum from, BlockNum to, const eth::LogFilter& filter) const;
    static std::vector<eth::Log> logs(const Block& block, const eth::LogFilter& filter);
    std::optional<eth::Receipt> receipt(const TxHash& hash) const;
    std::optional<eth::TransactionInfo> transaction(const TxHash& hash) const;
    std::optional<eth::TransactionInfo> transaction(const BlockHash& block, std::uint64_t index) const;
    /// @throws eth::RpcError if the node lacks the block
    std::uint64_t transaction_count(const Address& address, const eth::BlockSpec& spec) const;

  private:
    std::optional<std::uint64_t> resolve(const eth::BlockSpec& spec) const;

    const Branch* branch_;
    std::uint64_t head_;
    std::optional<std::uint64_t> safe_;
    std::optional<std::uint64_t> finalized_;
};

}  // namespace lamda::simulator
