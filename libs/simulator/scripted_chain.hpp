// A chain in memory, for tests: mines, reorganises, and answers like a bad address does, behind which nodes
// lag, fail, refuse ranges and say "none". Everything follows from a seed.
#pragma once

#include <functional>
#include <limits>
#include <map>
#include <random>
#include <set>
#include <vector>

#include "eth/codec/transaction.hpp"
#include "simulator/branch.hpp"

namespace lamda::simulator {

/// Of the address that ScriptedChain itself plays as an eth::Rpc; SimulatedNetwork has faults of its own.
struct Faults {
    double fail = 0;                ///< share of calls that end in an error of some kind
    double empty_logs = 0;          ///< share of eth_getLogs answered "none"; never twice in a row
    std::uint64_t lag = 0;          ///< an answering node is up to that many blocks behind
    double stale_fork = 0;          ///< share of calls answered by a node that has not seen the last reorg
    std::uint64_t range_limit = 0;  ///< largest eth_getLogs range; 0: any
    bool no_receipts = false;       ///< eth_getBlockReceipts is refused
    bool no_logs = false;           ///< eth_getLogs is refused
    double lost_answer = 0;         ///< share of sent transactions that arrive while the answer does not
    double late_receipt = 0;        ///< share of receipts that a node does not have yet
    bool no_price = false;          ///< receipts do not tell what was paid
    std::uint64_t hashes_forgotten_below = 0;  ///< of older blocks: no transaction, no receipt by its hash
    /// Answers of a method with an error object that is the node's own trouble ("limit exceeded"). By the
    /// method's name; absent: it is answered.
    std::function<std::optional<eth::RpcError>(const std::string& method)> own_error{};
    /// Receipts of these transactions are answered with what cannot be read.
    std::set<TxHash> unreadable{};
};

class ScriptedChain final : public eth::Rpc {
  public:
    /// @param age how long ago genesis was
    ScriptedChain(std::uint64_t seed, const Clock& clock, Millis age = Millis(0));

    Faults faults;
    std::uint64_t finality_depth = 32;
    bool has_finalized = true;
    U256 base_fee = 1'000;
    ChainId id{97};

    /// A block with these logs (place and transaction are filled in), and what the pool has for it.
    void mine(std::vector<eth::Log> logs = {});
    /// The same with a timestamp of its own, in seconds since 1970.
    void mine_at(std::uint64_t timestamp, std::vector<eth::Log> logs = {});
    /// Whether reorg() stops at what was final once.
    bool respects_finality = true;
    /// The last `depth` blocks go; their transactions return to the pool, or with `drop` are forgotten.
    void reorg(std::uint64_t depth, bool drop = false);
    void drop_pool() { pool_.clear(); }
    /// A transaction of the wallet that somebody else sends, mined at once.
    void mine_foreign(const Address& wallet);
    void set_code(const Address& address, BlockNum from) { code_[address] = from; }

    std::vector<eth::Log> canonical_logs(const Address& contract) const;
    /// How often a transaction with this calldata succeeded on the canonical chain.
    std::size_t executed(const Bytes& data) const;
    std::uint64_t height() const { return blocks_.size() - 1; }
    std::size_t pool_size() const { return pool_.size(); }
    const eth::Header& at(std::uint64_t number) const { return blocks_.at(number)->header; }
    std::mt19937_64& random() { return random_; }
    bool chance(double probability);
    std::uint64_t calls = 0;

    const Branch& branch() const { return blocks_; }
    /// As it was before the last reorg; empty before the first.
    const Branch& stale_branch() const { return stale_; }
    /// The highest block that was ever final.
    std::uint64_t finalized() const { return final_; }
    /// The same when the last reorg came.
    std::uint64_t stale_finalized() const { return stale_final_; }

    ChainId chain_id() override;
    BlockNum block_number() override;
    std::optional<eth::Header> header(eth::BlockSpec block) override;
    std::optional<eth::Header> header(const BlockHash& hash) override;
    std::optional<eth::Header> proven_header(BlockNum number) override {
        return header(eth::BlockSpec(number));
    }
    std::vector<eth::Log> logs(BlockNum from, BlockNum to, const eth::LogFilter& filter) override;
    std::vector<eth::Log> logs(const BlockHash& block, const eth::LogFilter& filter) override;
    std::vector<eth::Receipt> block_receipts(const BlockHash& block) override;
    Bytes code(const Address& address, eth::BlockSpec block) override;
    Bytes call(const eth::CallRequest& request, eth::BlockSpec block) override;
    std::uint64_t estimate_gas(const eth::CallRequest& request) override;
    U256 balance(const Address& address, eth::BlockSpec block) override;
    std::uint64_t transaction_count(const Address& address, eth::BlockSpec block) override;
    U256 gas_price() override;
    TxHash send_raw_transaction(BytesView raw) override;
    std::optional<eth::Receipt> receipt(const TxHash& hash) override;
    std::optional<eth::TransactionInfo> transaction(const TxHash& hash) override;
    std::optional<eth::TransactionInfo> transaction(const eth::TxPlace& place) override;
    std::string name() const override { return "scripted"; }

    /// With what waits in the pool counted, when `spec` is `pending`.
    std::uint64_t transaction_count(const ChainView& view, const Address& address,
                                    const eth::BlockSpec& spec) const;
    /// Mined ones as the view shows them, and what waits in the pool.
    std::optional<eth::TransactionInfo> transaction(const ChainView& view, const TxHash& hash) const;

    /// Calldata that reverts: at estimation and in a block.
    std::set<Bytes> reverts;
    /// Calldata that passes estimation and reverts in a block.
    std::set<Bytes> reverts_late;
    /// How many more transactions `reverts_late` makes fail; those that a reorg takes away count.
    std::size_t late_reverts_left = std::numeric_limits<std::size_t>::max();
    U256 wealth = U256(1) << 100;
    /// How a transaction is refused: nodes agree neither on codes nor on texts.
    std::function<eth::RpcError(const std::string& why)> refusal = [](const std::string& why) {
        return eth::RpcError(-32000, why, {});
    };
    /// What calldata costs: a call under a lower limit runs out of gas.
    std::function<std::uint64_t(const Bytes&)> gas_of = [](const Bytes&) { return 50'000U; };
    /// A lie: so many transactions every account has sent, at any block.
    std::optional<std::uint64_t> claimed_count;
    /// A lie: there is no receipt of any transaction. Those by block are shown.
    bool denies_receipts = false;

  private:
    ChainView node();
    void maybe_fail();
    void maybe_trouble(const std::string& method) const;
    void take_from_pool(Block& block);

    std::mt19937_64 random_;
    const Clock& clock_;
    Branch blocks_;
    Branch stale_;
    std::uint64_t final_ = 0;
    std::uint64_t stale_final_ = 0;
    unsigned stale_calls_ = 0;
    bool emptied_ = false;
    std::map<std::pair<Address, std::uint64_t>, Tx> pool_;
    std::map<Address, BlockNum> code_;
    std::uint64_t salt_ = 0;
};

}  // namespace lamda::simulator
