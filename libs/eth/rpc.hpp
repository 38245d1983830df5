// Reader and sender of one EVM chain, over any transport: JSON-RPC 2.0 as go-ethereum implements it.
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

/// A node's answer is an error object.
class RpcError : public std::runtime_error {
  public:
    RpcError(std::int64_t code, const std::string& message, Bytes data)
        : std::runtime_error(message), code_(code), data_(std::move(data)) {}
    std::int64_t code() const { return code_; }  ///< differs between nodes, except for kReverted
    const Bytes& data() const { return data_; }  ///< revert data; empty: none
    /// True: the call reverts, on every node of the chain. False: a failure of this node ("limit exceeded",
    /// "missing trie node", "method not found"); its code and text are not standardized, and another node may
    /// answer.
    bool is_revert() const { return code_ == kReverted || !data_.empty(); }
    /// go-ethereum's code for "execution reverted".
    static constexpr std::int64_t kReverted = 3;

  private:
    std::int64_t code_;
    Bytes data_;
};

/// A node's answer is not JSON-RPC, or not of the expected shape. Includes HTTP 4xx and 5xx.
class BadAnswer : public std::runtime_error {
  public:
    BadAnswer(int http_status, const std::string& what, std::optional<Millis> retry_after = std::nullopt)
        : std::runtime_error(what), http_status_(http_status), retry_after_(retry_after) {}
    int http_status() const { return http_status_; }
    /// The delay that the node requested before the next call (RFC 9110, section 10.2.3).
    const std::optional<Millis>& retry_after() const { return retry_after_; }

  private:
    int http_status_;
    std::optional<Millis> retry_after_;
};

/// Result of a call: exactly one member is set.
struct CallOutcome {
    Bytes result;
    std::optional<RpcError> error;  ///< is_revert(): the call reverts; else no node could answer
};

/// Result of one look-up of several.
template <class T>
struct Lookup {
    std::optional<T> found;  ///< absent: does not exist, or no node could answer
    std::string failure{};   ///< why no node could answer; empty: answered
};

/// True for a useless answer: an error object without a revert, or unreadable content. False for failures of
/// transport and HTTP, which affect the following calls as well.
bool is_useless_answer(const std::exception& error);

struct SendOutcome {
    std::string refusal{};  ///< text of the node, not standardized; empty: accepted
    bool accepted() const { return refusal.empty(); }
    static SendOutcome refused(const std::string& words) {
        return {words.empty() ? "refused without a reason" : words};
    }
    /// A useless answer or a revert is a refusal. @throws `error` if it is anything else
    static SendOutcome of(const std::exception_ptr& error);
};

/// The header's fields do not hash to the hash that it names, or it has unknown fields.
class WrongHeader : public BadAnswer {
  public:
    using BadAnswer::BadAnswer;
};

/// Transactions in flight. The Rpc that sends them outlives this object.
class Sending {
  public:
    virtual ~Sending() = default;
    /// Waits for all of them. Call once. @throws as Rpc::send_raw_transactions() does
    virtual std::vector<SendOutcome> outcomes() = 0;
};

/// Reads and sends on one chain. Every call may throw net::TransportError, BadAnswer, RpcError. An absent
/// block, transaction or receipt is nullopt, not an error.
class Rpc {
  public:
    virtual ~Rpc() = default;
    virtual ChainId chain_id() = 0;
    virtual BlockNum block_number() = 0;
    virtual std::optional<Header> header(BlockSpec block) = 0;
    virtual std::optional<Header> header(const BlockHash& hash) = 0;
    /// As header(number), with the hash verified from the fields: only the choice of the block remains the
    /// node's word. @throws WrongHeader on a mismatch
    virtual std::optional<Header> proven_header(BlockNum number) = 0;
    /// Logs of the blocks from … to, both included.
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
    /// By block hash and index.
    virtual std::optional<TransactionInfo> transaction(const TxPlace& place) = 0;
    // Several look-ups at once: results in the order of the input. A useless answer to one does not affect
    // the others.
    virtual std::vector<Lookup<Header>> headers(const std::vector<BlockNum>& numbers);
    virtual std::vector<Lookup<Receipt>> receipts(const std::vector<TxHash>& hashes);
    virtual std::vector<Lookup<TransactionInfo>> transactions(const std::vector<TxHash>& hashes);
    virtual std::vector<Lookup<TransactionInfo>> transactions(const std::vector<TxPlace>& places);
    virtual std::vector<CallOutcome> calls(const std::vector<CallRequest>& requests, BlockSpec block);
    /// Outcomes in the order of `raws`.
    virtual std::vector<SendOutcome> send_raw_transactions(const std::vector<Bytes>& raws);
    /// As send_raw_transactions(), but may return before the answers arrive. The default waits.
    virtual std::unique_ptr<Sending> begin_sending(const std::vector<Bytes>& raws);
    /// Endpoint for log lines, without credentials.
    virtual std::string name() const = 0;
};

}  // namespace lamda::eth
