// A JSON-RPC call as a value: what is asked, and how an answer is taken apart. Whoever holds one can ask any
// node, several at once, or another one when the first is no help.
#pragma once

#include <cstdint>
#include <exception>
#include <functional>
#include <string>
#include <vector>

#include "eth/rpc.hpp"
#include "net/http_message.hpp"

namespace lamda::eth {

struct RpcCall {
    std::string method;  ///< of a batch: that of its first part
    std::string params;  ///< a JSON array
    /// Takes the answer to request `id` apart and keeps the result where the question was told to. The body
    /// may be used up. @throws RpcError, BadAnswer; the result is then left as it was.
    std::function<void(std::uint64_t id, net::HttpResponse& response)> read;
    /// Set where "there is none" may be this node's lack (its index was pruned, or it lags): true once `read`
    /// has taken that answer. Another node may have it.
    std::function<bool()> is_absent{};
    /// Not empty: these together are one request (JSON-RPC 2.0, section 6); `params` says nothing.
    std::vector<RpcCall> parts{};
};

/// The request that puts it to a node.
net::HttpRequest to_http(const RpcCall& rpc_call, const std::string& url, std::uint64_t id, Millis timeout);

/// Questions whose results go to `out`, which must live until the answer was read. An absent block,
/// transaction or receipt is nullopt. What contradicts the question (another block, logs that do not match)
/// is a BadAnswer.
namespace rpc_calls {

RpcCall chain_id(ChainId& out);
RpcCall block_number(BlockNum& out);
RpcCall header(BlockSpec block, std::optional<Header>& out);
RpcCall header(const BlockHash& hash, std::optional<Header>& out);
/// Its hash must be that of its fields, else the answer is a WrongHeader.
RpcCall proven_header(BlockNum number, std::optional<Header>& out);
/// from … to, both included.
RpcCall logs(BlockNum from, BlockNum to, const LogFilter& filter, std::vector<Log>& out);
RpcCall logs(const BlockHash& block, const LogFilter& filter, std::vector<Log>& out);
RpcCall block_receipts(const BlockHash& block, std::vector<Receipt>& out);
RpcCall code(const Address& address, BlockSpec block, Bytes& out);
RpcCall call(const CallRequest& request, BlockSpec block, Bytes& out);
RpcCall estimate_gas(const CallRequest& request, std::uint64_t& out);
RpcCall balance(const Address& address, BlockSpec block, U256& out);
RpcCall transaction_count(const Address& address, BlockSpec block, std::uint64_t& out);
RpcCall gas_price(U256& out);
RpcCall send_raw_transaction(BytesView raw, TxHash& out);
RpcCall receipt(const TxHash& hash, std::optional<Receipt>& out);
RpcCall transaction(const TxHash& hash, std::optional<TransactionInfo>& out);
RpcCall transaction_at(const TxPlace& place, std::optional<TransactionInfo>& out);
/// All of them in one request. Their results go where they say; errors[i] is what question i threw, and null
/// where it was answered. An answer that is none to a batch is an error of the whole.
RpcCall all(std::vector<RpcCall> parts, std::vector<std::exception_ptr>& errors);

}  // namespace rpc_calls

}  // namespace lamda::eth
