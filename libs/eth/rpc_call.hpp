// A JSON-RPC call as a value: the request, and how to read an answer. The holder can send it to any node, to
// several at once, or to another one after a failure.
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
    std::string method;  ///< of a batch: the method of its first part
    std::string params;  ///< a JSON array
    /// Parses the answer to request `id` and stores the result in the call's destination. May consume the
    /// body. @throws RpcError, BadAnswer; the destination is then unchanged.
    std::function<void(std::uint64_t id, net::HttpResponse& response)> read;
    /// Set if null may be this node's lack (a pruned index, or lag): true once `read` has taken such an
    /// answer. Another node may have a result.
    std::function<bool()> is_absent{};
    /// Not empty: the parts are one batch request (JSON-RPC 2.0, section 6); `params` is unused.
    std::vector<RpcCall> parts{};
};

/// The HTTP request of this call to a node.
net::HttpRequest to_http(const RpcCall& rpc_call, const std::string& url, std::uint64_t id, Millis timeout);

/// Calls whose results go to `out`, which must outlive the reading of the answer. An absent block,
/// transaction or receipt is nullopt. A mismatch with the request (another block, logs outside the filter) is
/// a BadAnswer.
namespace rpc_calls {

RpcCall chain_id(ChainId& out);
RpcCall block_number(BlockNum& out);
RpcCall header(BlockSpec block, std::optional<Header>& out);
RpcCall header(const BlockHash& hash, std::optional<Header>& out);
/// Verifies the hash from the fields; WrongHeader on a mismatch.
RpcCall proven_header(BlockNum number, std::optional<Header>& out);
/// Logs of the blocks from … to, both included.
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
/// All parts in one request. Each stores its own result; errors[i] is the exception of part i, null if it was
/// answered. An answer that is not one to a batch is an error of the whole call.
RpcCall all(std::vector<RpcCall> parts, std::vector<std::exception_ptr>& errors);

}  // namespace rpc_calls

}  // namespace lamda::eth
