// All calls of Rpc, in terms of one virtual function that performs an RpcCall.
#pragma once

#include "eth/rpc.hpp"
#include "eth/rpc_call.hpp"

namespace lamda::eth {

class CallingRpc : public Rpc {
  public:
    ChainId chain_id() override;
    BlockNum block_number() override;
    std::optional<Header> header(BlockSpec block) override;
    std::optional<Header> header(const BlockHash& hash) override;
    std::optional<Header> proven_header(BlockNum number) override;
    std::vector<Log> logs(BlockNum from, BlockNum to, const LogFilter& filter) override;
    std::vector<Log> logs(const BlockHash& block, const LogFilter& filter) override;
    std::vector<Receipt> block_receipts(const BlockHash& block) override;
    Bytes code(const Address& address, BlockSpec block) override;
    Bytes call(const CallRequest& request, BlockSpec block) override;
    std::uint64_t estimate_gas(const CallRequest& request) override;
    U256 balance(const Address& address, BlockSpec block) override;
    std::uint64_t transaction_count(const Address& address, BlockSpec block) override;
    U256 gas_price() override;
    TxHash send_raw_transaction(BytesView raw) override;
    std::optional<Receipt> receipt(const TxHash& hash) override;
    std::optional<TransactionInfo> transaction(const TxHash& hash) override;
    std::optional<TransactionInfo> transaction(const TxPlace& place) override;

    // In batches of at most 100 calls; one by one if a node refuses batches.
    std::vector<Lookup<Header>> headers(const std::vector<BlockNum>& numbers) override;
    std::vector<Lookup<Receipt>> receipts(const std::vector<TxHash>& hashes) override;
    std::vector<Lookup<TransactionInfo>> transactions(const std::vector<TxHash>& hashes) override;
    std::vector<Lookup<TransactionInfo>> transactions(const std::vector<TxPlace>& places) override;
    std::vector<CallOutcome> calls(const std::vector<CallRequest>& requests, BlockSpec block) override;
    std::vector<SendOutcome> send_raw_transactions(const std::vector<Bytes>& raws) override;

    static constexpr std::size_t kMostInBatch = 100;

  protected:
    /// Performs all calls. An entry is the error of a call that reverted or got a useless answer
    /// (is_useless_answer()), else null. @throws other failures
    std::vector<std::exception_ptr> perform_all(const std::vector<RpcCall>& rpc_calls);
    /// Retries until `rpc_call.read` has accepted an answer. @throws as Rpc's calls do
    virtual void perform(const RpcCall& rpc_call) = 0;

  private:
    /// False: `error` holds a useless answer.
    bool perform_one(const RpcCall& rpc_call, std::exception_ptr& error);
};

}  // namespace lamda::eth
