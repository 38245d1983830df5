// All of Rpc's calls, over one way of asking a question.
#pragma once

#include "eth/question.hpp"
#include "eth/rpc.hpp"

namespace lamda::eth {

class CallingRpc : public Rpc {
  public:
    ChainId chain_id() override;
    BlockNum block_number() override;
    std::optional<Header> header(BlockSpec block) override;
    std::optional<Header> header(const BlockHash& hash) override;
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

  protected:
    /// Asks until the question's `read` has taken an answer. @throws what Rpc's calls throw
    virtual void perform(const Question& question) = 0;
};

}  // namespace lamda::eth
