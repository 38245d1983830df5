// Blocks as a node holds them, and what it answers from them. No faults here.
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
    Bytes extra_data;  ///< no two blocks have the same
    std::vector<Tx> txs;
    std::vector<eth::Receipt> receipts;
};

/// By number, from genesis on. Blocks never change, so forks share them.
using Branch = std::vector<std::shared_ptr<const Block>>;

/// Whether a log is what the filter asks for.
bool matches(const eth::Log& log, const eth::LogFilter& filter);
/// What the block's header holds beside what is read of it; its hash is that of these fields.
eth::HeaderFields header_fields(const Block& block);
/// The bloom of a block with these receipts.
eth::Bloom bloom_of(const std::vector<eth::Receipt>& receipts);
/// Fills in what the header says of the receipts, its hash, and what names the block by it.
void seal(Block& block);
/// Fills in where the block's logs stand, by its header and receipts.
void place_logs(Block& block);
/// Transactions of an address in blocks up to `number`: its next nonce.
std::uint64_t nonce_after(const Branch& branch, const Address& address, std::uint64_t number);

/// One node at one moment: its branch, up to its head. Holds references: for one answer only.
class ChainView {
  public:
    /// @param safe, finalized absent: the node has no such tag
    ChainView(const Branch& branch, std::uint64_t head, std::optional<std::uint64_t> safe,
              std::optional<std::uint64_t> finalized);

    std::uint64_t head() const { return head_; }
    /// Null: the node has no such block. @throws eth::RpcError for a tag that the node does not have
    const Block* block(const eth::BlockSpec& spec) const;
    const Block* block(const BlockHash& hash) const;
    /// Of those blocks of the range that the node has.
    std::vector<eth::Log> logs(BlockNum from, BlockNum to, const eth::LogFilter& filter) const;
    static std::vector<eth::Log> logs(const Block& block, const eth::LogFilter& filter);
    std::optional<eth::Receipt> receipt(const TxHash& hash) const;
    std::optional<eth::TransactionInfo> transaction(const TxHash& hash) const;
    std::optional<eth::TransactionInfo> transaction(const BlockHash& block, std::uint64_t index) const;
    /// @throws eth::RpcError when the node does not have the block
    std::uint64_t transaction_count(const Address& address, const eth::BlockSpec& spec) const;

  private:
    std::optional<std::uint64_t> resolve(const eth::BlockSpec& spec) const;

    const Branch* branch_;
    std::uint64_t head_;
    std::optional<std::uint64_t> safe_;
    std::optional<std::uint64_t> finalized_;
};

}  // namespace lamda::simulator
