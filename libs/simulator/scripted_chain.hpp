// A chain in memory, for tests: mines, reorganizes, and answers as a faulty endpoint whose nodes lag, fail,
// refuse ranges and return empty answers. Everything follows from a seed.
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

/// Faults of ScriptedChain as an eth::Rpc; SimulatedNetwork has its own.
struct Faults {
    double fail = 0;                ///< share of calls that fail with some error
    double empty_logs = 0;          ///< share of eth_getLogs with an empty answer; never twice in a row
    std::uint64_t lag = 0;          ///< the answering node is up to this many blocks behind
    double stale_fork = 0;          ///< share of calls answered by a node that has not seen the last reorg
    std::uint64_t range_limit = 0;  ///< largest eth_getLogs range; 0: any
    bool no_receipts = false;       ///< eth_getBlockReceipts is refused
    bool no_logs = false;           ///< eth_getLogs is refused
    double lost_answer = 0;         ///< share of sent transactions that arrive although the answer is lost
    double late_receipt = 0;        ///< share of receipts that a node does not have yet
    bool no_price = false;          ///< receipts omit the paid price
    std::uint64_t hashes_forgotten_below = 0;  ///< older transactions and receipts are not found by hash
    /// Error object of a method about the node's state ("limit exceeded"), by the method's name; absent:
    /// answered.
    std::function<std::optional<eth::RpcError>(const std::string& method)> own_error{};
    /// Transactions whose receipts are answered with unreadable content.
    std::set<TxHash> unreadable{};
};

class ScriptedChain final : public eth::Rpc {
  public:
    /// @param age time since genesis
    ScriptedChain(std::uint64_t seed, const Clock& clock, Millis age = Millis(0));

    Faults faults;
    std::uint64_t finality_depth = 32;
    bool has_finalized = true;
    U256 base_fee = 1'000;
    ChainId id{97};

    /// Mines a block with these logs (position and transaction are set) and the pool's transactions.
    void mine(std::vector<eth::Log> logs = {});
    /// As mine(), with the given timestamp, in seconds since 1970.
    void mine_at(std::uint64_t timestamp, std::vector<eth::Log> logs = {});
    /// True: reorg() never removes a block that was final.
    bool respects_finality = true;
    /// Removes the last `depth` blocks; their transactions return to the pool, or are dropped with `drop`.
    void reorg(std::uint64_t depth, bool drop = false);
    void drop_pool() { pool_.clear(); }
    /// Mines a transaction of the wallet that another process has sent.
    void mine_foreign(const Address& wallet);
    void set_code(const Address& address, BlockNum from) { code_[address] = from; }

    std::vector<eth::Log> canonical_logs(const Address& contract) const;
    /// Number of successful transactions with this calldata on the canonical chain.
    std::size_t executed(const Bytes& data) const;
    std::uint64_t height() const { return blocks_.size() - 1; }
    std::size_t pool_size() const { return pool_.size(); }
    const eth::Header& at(std::uint64_t number) const { return blocks_.at(number)->header; }
    std::mt19937_64& random() { return random_; }
    bool chance(double probability);
    std::uint64_t calls = 0;

    const Branch& branch() const { return blocks_; }
    /// The branch before the last reorg; empty before the first.
    const Branch& stale_branch() const { return stale_; }
    /// The highest block that was ever final.
    std::uint64_t finalized() const { return final_; }
    /// finalized() at the last reorg.
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

    /// With the pool's transactions counted if `spec` is `pending`.
    std::uint64_t transaction_count(const ChainView& view, const Address& address,
                                    const eth::BlockSpec& spec) const;
    /// A mined transaction of the view, or one in the pool.
    std::optional<eth::TransactionInfo> transaction(const ChainView& view, const TxHash& hash) const;

    /// Calldata that reverts, at estimation and in a block.
    std::set<Bytes> reverts;
    /// Calldata that passes estimation and reverts in a block.
    std::set<Bytes> reverts_late;
    /// Number of transactions that `reverts_late` still fails; reorged ones count.
    std::size_t late_reverts_left = std::numeric_limits<std::size_t>::max();
    U256 wealth = U256(1) << 100;
    /// Error of a refused transaction: nodes differ in codes and texts.
    std::function<eth::RpcError(const std::string& why)> refusal = [](const std::string& why) {
        return eth::RpcError(-32000, why, {});
    };
    /// Gas of calldata: a call with a lower limit runs out of gas.
    std::function<std::uint64_t(const Bytes&)> gas_of = [](const Bytes&) { return 50'000U; };
    /// A lie: the transaction count of every account, at any block.
    std::optional<std::uint64_t> claimed_count;
    /// A lie: no transaction has a receipt. Receipts by block are shown.
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
