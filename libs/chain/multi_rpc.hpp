// Several endpoints of one chain behind one interface.
#pragma once

#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "chain/log_stream.hpp"

namespace lamda::chain {

/// Asks the endpoint that last answered; one that fails (transport, HTTP status, garbage) is left alone for a
/// while that grows with each failure, and the next is asked. Each endpoint's chain id is checked before its
/// first use: one on another chain is never used, and logged. Transactions go to all. Thread-safe.
///
/// Every call may throw what the last endpoint asked threw; ConfigContradiction when every endpoint that
/// answers is on another chain.
class MultiRpc final : public eth::Rpc {
  public:
    /// @param endpoints at least one  @param expected absent: the chain id of the first that answers
    MultiRpc(std::vector<std::unique_ptr<eth::Rpc>> endpoints, std::optional<ChainId> expected,
             const Clock& clock, telemetry::Log log);

    ChainId chain_id() override;
    BlockNum block_number() override;
    std::optional<eth::Header> header(eth::BlockSpec block) override;
    std::optional<eth::Header> header(const BlockHash& hash) override;
    std::vector<eth::Log> logs(BlockNum from, BlockNum to, const eth::LogFilter& filter) override;
    std::vector<eth::Log> logs(const BlockHash& block, const eth::LogFilter& filter) override;
    std::vector<eth::Receipt> block_receipts(const BlockHash& block) override;
    Bytes code(const Address& address, eth::BlockSpec block) override;
    Bytes call(const eth::CallRequest& request, eth::BlockSpec block) override;
    std::uint64_t estimate_gas(const eth::CallRequest& request) override;
    U256 balance(const Address& address, eth::BlockSpec block) override;
    std::uint64_t transaction_count(const Address& address, eth::BlockSpec block) override;
    U256 gas_price() override;
    /// To every usable endpoint. Success when one accepts it or knows it already; else the last error.
    TxHash send_raw_transaction(BytesView raw) override;
    std::optional<eth::Receipt> receipt(const TxHash& hash) override;
    std::optional<eth::TransactionInfo> transaction(const TxHash& hash) override;
    std::string name() const override;

  private:
    struct Endpoint {
        std::unique_ptr<eth::Rpc> rpc;
        bool checked = false;
        bool excluded = false;  ///< on another chain
        unsigned failures = 0;
        Steady quarantined_until{};
    };

    /// Indices to ask, best first: those in quarantine last, the excluded not at all.
    std::vector<std::size_t> order() const;
    bool usable(std::size_t index);
    void failed(std::size_t index, const char* what);
    void answered(std::size_t index);
    /// Whether the endpoint was asked and answered; a failure goes into `last` and rests it. @throws
    /// eth::RpcError: the node works and says no
    template <class F>
    bool contact(std::size_t index, std::exception_ptr& last, F&& call);
    template <class F>
    auto ask(F&& call, bool errors_too = false) -> decltype(call(std::declval<eth::Rpc&>()));

    mutable std::mutex mutex_;
    std::vector<Endpoint> endpoints_;
    std::optional<ChainId> chain_;
    bool ever_right_ = false;
    std::size_t preferred_ = 0;
    const Clock& clock_;
    telemetry::Log log_;
};

/// HttpRpc for each URL, behind one MultiRpc.
std::unique_ptr<MultiRpc> connect(const std::vector<std::string>& urls, std::optional<ChainId> expected,
                                  Millis timeout, const Clock& clock, telemetry::Log log);

}  // namespace lamda::chain
