#include "eth/rpc_call.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/json_writer.hpp"
#include "eth/detail/batch_answer.hpp"
#include "eth/detail/logs_answer.hpp"
#include "eth/detail/rpc_params.hpp"
#include "eth/rpc_answer.hpp"

namespace lamda::eth {
namespace {

constexpr std::size_t kMaxAnswer = 8U << 20;

template <class Fixed>
bool any_of(const std::vector<Fixed>& allowed, const Fixed& value) {
    return allowed.empty() || std::find(allowed.begin(), allowed.end(), value) != allowed.end();
}

bool topic_allowed(const std::vector<Topic>& allowed, const Log& log, std::size_t index) {
    return allowed.empty() || (log.topics.size() > index && any_of(allowed, log.topics[index]));
}

/// A node that returns logs that were not requested is not trusted with the rest of its answer either.
void check_logs(const std::vector<Log>& logs, const LogFilter& filter, auto in_range) {
    const auto refuse = [](std::size_t i, const char* why) {
        throw BadAnswer(200, fmt::format("eth_getLogs: result[{}] {}", i, why));
    };
    for (std::size_t i = 0; i < logs.size(); ++i) {
        const Log& log = logs[i];
        if (!in_range(log)) {
            refuse(i, "is of a block that was not asked for");
        }
        if (!any_of(filter.addresses, log.address) || !topic_allowed(filter.topic0, log, 0) ||
            !topic_allowed(filter.topic1, log, 1)) {
            refuse(i, "does not match the filter");
        }
    }
}

/// 429 and 503 request a later retry, whatever the body contains.
void refuse_when_busy(const std::string& method, const net::HttpResponse& response) {
    constexpr int kTooManyRequests = 429;
    constexpr int kServiceUnavailable = 503;
    if (response.status == kTooManyRequests || response.status == kServiceUnavailable) {
        throw BadAnswer(response.status, fmt::format("{}: HTTP {}", method, response.status),
                        net::retry_after(response));
    }
}

/// An error object under HTTP 5xx is a failure of the node, unless it reports a revert.
template <class Read>
auto read_answer(const std::string& method, const net::HttpResponse& response, Read read) {
    constexpr int kServerError = 500;
    refuse_when_busy(method, response);
    try {
        return read();
    } catch (const RpcError& error) {
        if (response.status >= kServerError && !error.is_revert()) {
            throw BadAnswer(response.status,
                            fmt::format("{}: HTTP {}: {}", method, response.status, error.what()));
        }
        throw;
    }
}

/// @param take RpcAnswer → the result
template <class Out, class Take>
RpcCall make(std::string method, std::string params, Out& out, Take take) {
    RpcCall rpc_call{std::move(method), std::move(params), {}};
    rpc_call.read = [name = rpc_call.method, &out, take](std::uint64_t id, net::HttpResponse& response) {
        out = read_answer(name, response,
                          [&] { return take(RpcAnswer(name, id, response.status, response.body)); });
    };
    return rpc_call;
}

/// As make(), for a result that may be null and must match the request.
template <class T, class Take, class Right>
RpcCall make_maybe(std::string method, std::string params, std::optional<T>& out, Take take, Right right,
                   const char* otherwise) {
    return make(std::move(method), std::move(params), out,
                [take, right, otherwise](const RpcAnswer& answer) -> std::optional<T> {
                    if (answer.is_null()) {
                        return std::nullopt;
                    }
                    std::optional<T> found = take(answer);
                    if (!right(*found)) {
                        answer.refuse(otherwise);
                    }
                    return found;
                });
}

/// As make_maybe(), for a result that one node may lack and another has.
template <class T, class Take, class Right>
RpcCall make_findable(std::string method, std::string params, std::optional<T>& out, Take take, Right right,
                      const char* otherwise) {
    auto rpc_call = make_maybe(std::move(method), std::move(params), out, take, right, otherwise);
    rpc_call.is_absent = [&out] { return !out; };
    return rpc_call;
}

template <class InRange>
RpcCall logs_call(std::string_view blocks, const LogFilter& filter, std::vector<Log>& out, InRange in_range) {
    RpcCall rpc_call{"eth_getLogs", filter_params(blocks, filter), {}};
    rpc_call.read = [&out, filter, in_range](std::uint64_t id, net::HttpResponse& response) {
        auto logs = read_answer("eth_getLogs", response, [&] { return read_logs_answer(id, response); });
        check_logs(logs, filter, in_range);
        out = std::move(logs);
    };
    return rpc_call;
}

std::string at_block(const Address& address, BlockSpec block) {
    return params_of({address.hex(), block_text(block)});
}

Header read_header(const RpcAnswer& answer) {
    return answer.header();
}
U256 read_quantity(const RpcAnswer& answer) {
    return answer.quantity();
}
std::uint64_t read_u64(const RpcAnswer& answer) {
    return answer.u64();
}
Bytes read_bytes(const RpcAnswer& answer) {
    return answer.bytes();
}
TxHash read_tx_hash(const RpcAnswer& answer) {
    return answer.tx_hash();
}

}  // namespace

namespace {

std::string call_body(const RpcCall& rpc_call, std::uint64_t id) {
    JsonWriter out;
    out.begin_object().key("jsonrpc").text("2.0").key("id").number(id).key("method").text(rpc_call.method);
    return out.key("params").raw(rpc_call.params).end_object().take();
}

/// The id of a call in a batch is its index.
std::string batch_body(const std::vector<RpcCall>& parts) {
    JsonWriter out;
    out.begin_array();
    for (std::size_t i = 0; i < parts.size(); ++i) {
        out.raw(call_body(parts[i], i));
    }
    return out.end_array().take();
}

}  // namespace

net::HttpRequest to_http(const RpcCall& rpc_call, const std::string& url, std::uint64_t id, Millis timeout) {
    net::HttpRequest request;
    request.method = "POST";
    request.url = url;
    request.headers = {{"Content-Type", "application/json"}};
    request.body = rpc_call.parts.empty() ? call_body(rpc_call, id) : batch_body(rpc_call.parts);
    request.timeout = timeout;
    request.connect_timeout = std::min(timeout, request.connect_timeout);
    request.max_body = kMaxAnswer;
    return request;
}

namespace rpc_calls {

RpcCall chain_id(ChainId& out) {
    return make("eth_chainId", "[]", out, [](const RpcAnswer& answer) { return ChainId{answer.u64()}; });
}

RpcCall block_number(BlockNum& out) {
    return make("eth_blockNumber", "[]", out, [](const RpcAnswer& answer) { return BlockNum{answer.u64()}; });
}

RpcCall header(BlockSpec block, std::optional<Header>& out) {
    const auto right = [block](const Header& found) {
        const auto* number = std::get_if<BlockNum>(&block);
        return number == nullptr || found.number == *number;
    };
    auto rpc_call = make_maybe("eth_getBlockByNumber", block_params(block_text(block)), out, read_header,
                               right, "another block than the one asked for");
    if (std::holds_alternative<Tag>(block)) {  // a node that has just started returns null for a while
        rpc_call.is_absent = [&out] { return !out; };
    }
    return rpc_call;
}

RpcCall header(const BlockHash& hash, std::optional<Header>& out) {
    return make_maybe(
        "eth_getBlockByHash", block_params(hash.hex()), out, read_header,
        [hash](const Header& found) { return found.hash == hash; }, "another block than the one asked for");
}

RpcCall proven_header(BlockNum number, std::optional<Header>& out) {
    return make_maybe(
        "eth_getBlockByNumber", block_params(block_text(number)), out,
        [](const RpcAnswer& answer) { return answer.proven_header(); },
        [number](const Header& found) { return found.number == number; },
        "another block than the one asked for");
}

RpcCall logs(BlockNum from, BlockNum to, const LogFilter& filter, std::vector<Log>& out) {
    JsonWriter blocks;
    blocks.key("fromBlock").text(to_quantity(from.value)).key("toBlock").text(to_quantity(to.value));
    return logs_call(blocks.take(), filter, out,
                     [from, to](const Log& log) { return log.block_num >= from && log.block_num <= to; });
}

RpcCall logs(const BlockHash& block, const LogFilter& filter, std::vector<Log>& out) {
    return logs_call(JsonWriter().key("blockHash").text(block.hex()).take(), filter, out,
                     [block](const Log& log) { return log.block_hash == block; });
}

RpcCall block_receipts(const BlockHash& block, std::vector<Receipt>& out) {
    return make("eth_getBlockReceipts", params_of({block.hex()}), out, [block](const RpcAnswer& answer) {
        if (answer.is_null()) {
            answer.refuse("the node does not know this block");
        }
        auto receipts = answer.receipts();
        if (std::any_of(receipts.begin(), receipts.end(),
                        [&](const Receipt& receipt) { return receipt.block.hash != block; })) {
            answer.refuse("receipts of another block than the one asked for");
        }
        return receipts;
    });
}

RpcCall code(const Address& address, BlockSpec block, Bytes& out) {
    auto rpc_call = make("eth_getCode", at_block(address, block), out, read_bytes);
    rpc_call.is_absent = [&out] { return out.empty(); };  // a node without that state also answers so
    return rpc_call;
}

RpcCall call(const CallRequest& request, BlockSpec block, Bytes& out) {
    return make("eth_call", call_params(request, block), out, read_bytes);
}

RpcCall estimate_gas(const CallRequest& request, std::uint64_t& out) {
    return make("eth_estimateGas", call_params(request), out, read_u64);
}

RpcCall balance(const Address& address, BlockSpec block, U256& out) {
    return make("eth_getBalance", at_block(address, block), out, read_quantity);
}

RpcCall transaction_count(const Address& address, BlockSpec block, std::uint64_t& out) {
    return make("eth_getTransactionCount", at_block(address, block), out, read_u64);
}

RpcCall gas_price(U256& out) {
    return make("eth_gasPrice", "[]", out, read_quantity);
}

RpcCall send_raw_transaction(BytesView raw, TxHash& out) {
    return make("eth_sendRawTransaction", params_of({to_hex(raw)}), out, read_tx_hash);
}

RpcCall receipt(const TxHash& hash, std::optional<Receipt>& out) {
    return make_findable(
        "eth_getTransactionReceipt", params_of({hash.hex()}), out,
        [](const RpcAnswer& answer) { return answer.receipt(); },
        [hash](const Receipt& found) { return found.tx_hash == hash; }, "the receipt of another transaction");
}

RpcCall transaction(const TxHash& hash, std::optional<TransactionInfo>& out) {
    return make_findable(
        "eth_getTransactionByHash", params_of({hash.hex()}), out,
        [](const RpcAnswer& answer) { return answer.transaction(); },
        [hash](const TransactionInfo& found) { return found.hash == hash; },
        "another transaction than the one asked for");
}

RpcCall transaction_at(const TxPlace& place, std::optional<TransactionInfo>& out) {
    return make_findable(
        "eth_getTransactionByBlockHashAndIndex", params_of({place.block.hex(), to_quantity(place.index)}),
        out, [](const RpcAnswer& answer) { return answer.transaction(); },
        [place](const TransactionInfo& found) {
            return found.hash == place.tx && found.block && found.block->hash == place.block;
        },
        "another transaction than the one asked for");
}

RpcCall all(std::vector<RpcCall> parts, std::vector<std::exception_ptr>& errors) {
    RpcCall out;
    out.method = parts.empty() ? "" : parts.front().method;
    out.parts = parts;
    out.read = [parts = std::move(parts), &errors](std::uint64_t, net::HttpResponse& response) {
        refuse_when_busy("a batch", response);
        auto answers = split_batch_answer(response, parts.size());
        errors.assign(parts.size(), nullptr);
        for (std::size_t i = 0; i < parts.size(); ++i) {
            if (answers[i].empty()) {
                errors[i] = std::make_exception_ptr(
                    BadAnswer(response.status, parts[i].method + ": left out of the answer to a batch"));
                continue;
            }
            net::HttpResponse one;
            one.status = response.status;
            one.body = std::move(answers[i]);
            try {
                parts[i].read(i, one);
            } catch (const std::exception&) {
                errors[i] = std::current_exception();
            }
        }
    };
    return out;
}

}  // namespace rpc_calls

}  // namespace lamda::eth
