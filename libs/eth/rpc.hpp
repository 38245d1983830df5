// What one asks of a chain, whoever answers: JSON-RPC 2.0 as go-ethereum speaks it.
#pragma once

#include <exception>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "core/clock.hpp"
#include "eth/codec/types.hpp"

namespace lamda::eth {

/// The node answered with an error object.
class RpcError : public std::runtime_error {
  public:
    RpcError(std::int64_t code, const std::string& message, Bytes data)
        : std::runtime_error(message), code_(code), data_(std::move(data)) {}
    std::int64_t code() const { return code_; }  ///< differs from node to node, but for kReverted
    const Bytes& data() const { return data_; }  ///< revert data, when there is some
    /// True: the call reverts, which every node of the chain would answer. False: trouble of this node
    /// ("limit exceeded", "missing trie node", "method not found"), about which its words and codes tell
    /// nothing certain; another node may answer.
    bool is_revert() const { return code_ == kReverted || !data_.empty(); }
    /// go-ethereum's code for "execution reverted".
    static constexpr std::int64_t kReverted = 3;

  private:
    std::int64_t code_;
    Bytes data_;
};

/// The node answered with something that is not JSON-RPC, or not of the shape asked for. HTTP 4xx/5xx land
/// here too.
class BadAnswer : public std::runtime_error {
  public:
    BadAnswer(int http_status, const std::string& what, std::optional<Millis> retry_after = std::nullopt)
        : std::runtime_error(what), http_status_(http_status), retry_after_(retry_after) {}
    int http_status() const { return http_status_; }
    /// How long the node asks to be left alone (RFC 9110, section 10.2.3).
    const std::optional<Millis>& retry_after() const { return retry_after_; }

  private:
    int http_status_;
    std::optional<Millis> retry_after_;
};

/// Result of a call: one of the two.
struct CallOutcome {
    Bytes result;
    std::optional<RpcError> error;  ///< is_revert(): it reverts; else no node could tell
};

/// One of several look-ups.
template <class T>
struct Lookup {
    std::optional<T> found;  ///< absent: there is none, or no node could tell
    std::string failure{};   ///< why no node could tell; empty: it was answered
};

/// True for an answer without a use: an error object that is no revert, or content that cannot be read. False
/// for failures of the transport and of HTTP, which concern whatever is asked next as well.
bool is_useless_answer(const std::exception& error);

struct SendOutcome {
    std::string refusal{};  ///< in the node's words, which differ; empty: it was accepted
    bool accepted() const { return refusal.empty(); }
    static SendOutcome refused(const std::string& words) {
        return {words.empty() ? "refused without a word" : words};
    }
    /// A useless answer, or a revert, is a refusal. @throws `error` when it is anything else
    static SendOutcome of(const std::exception_ptr& error);
};

/// A header whose fields have another hash than the one that it names (or fields that are not known here).
class WrongHeader : public BadAnswer {
  public:
    using BadAnswer::BadAnswer;
};

/// Transactions on their way. Outlived by the Rpc that they were given to.
class Sending {
  public:
    virtual ~Sending() = default;
    /// Waits for the last of them. To be asked once. @throws what Rpc::send_raw_transactions() throws
    virtual std::vector<SendOutcome> outcomes() = 0;
};

/// A reader and sender of one chain. Every call may throw net::TransportError, BadAnswer, RpcError.
/// An absent block, transaction or receipt is nullopt, not an error.
class Rpc {
  public:
    virtual ~Rpc() = default;
    virtual ChainId chain_id() = 0;
    virtual BlockNum block_number() = 0;
    virtual std::optional<Header> header(BlockSpec block) = 0;
    virtual std::optional<Header> header(const BlockHash& hash) = 0;
    /// The same by number, and its hash is that of its fields: only the node's choice of the block is
    /// believed.
    /// @throws WrongHeader when it is not
    virtual std::optional<Header> proven_header(BlockNum number) = 0;
    /// from … to, both included.
    virtual std::vector<Log> logs(BlockNum from, BlockNum to, const LogFilter& filter) = 0;
    virtual std::vector<Log> logs(const BlockHash& block, const LogFilter& filter) = 0;
    virtual std::vector<Receipt> block_receipts(const BlockHash& block) = 0;
    virtual Bytes code(const Address& address, BlockSpec block) = 0;
    virtual Bytes call(const CallRequest& request, BlockSpec block) = 0;
    virtual std::uint64_t estimate_gas(const CallRequest& request) = 0;
    virtual U256 balance(const Address& address, BlockSpec block) = 0;
    virtual std::uint64_t transaction_count(const Address& address, BlockSpec block) = 0;
    virtual U256 gas_price() = 0;
    virtual TxHash send_raw_transaction(BytesView raw) = 0;
    virtual std::optional<Receipt> receipt(const TxHash& hash) = 0;
    virtual std::optional<TransactionInfo> transaction(const TxHash& hash) = 0;
    /// By the block's hash and the index.
    virtual std::optional<TransactionInfo> transaction(const TxPlace& place) = 0;
    // Several at once: the results in the order of what was asked. A useless answer to one leaves the others.
    virtual std::vector<Lookup<Header>> headers(const std::vector<BlockNum>& numbers);
    virtual std::vector<Lookup<Receipt>> receipts(const std::vector<TxHash>& hashes);
    virtual std::vector<Lookup<TransactionInfo>> transactions(const std::vector<TxHash>& hashes);
    virtual std::vector<Lookup<TransactionInfo>> transactions(const std::vector<TxPlace>& places);
    virtual std::vector<CallOutcome> calls(const std::vector<CallRequest>& requests, BlockSpec block);
    /// In their order.
    virtual std::vector<SendOutcome> send_raw_transactions(const std::vector<Bytes>& raws);
    /// The same, and need not wait: other calls may go on meanwhile. Here it does wait.
    virtual std::unique_ptr<Sending> begin_sending(const std::vector<Bytes>& raws);
    /// Where it speaks to, fit for a log line (no credentials).
    virtual std::string name() const = 0;
};

}  // namespace lamda::eth
