#include "eth/rpc_client.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>

#include "eth/rpc_answer.hpp"

namespace lamda::eth {
namespace {

constexpr std::size_t kMaxAnswer = 8U << 20;

std::string in_quotes(std::string_view plain) {
    return fmt::format("\"{}\"", plain);
}

std::string block_json(BlockSpec block) {
    if (const auto* number = std::get_if<BlockNum>(&block)) {
        return in_quotes(to_quantity(number->value));
    }
    switch (std::get<Tag>(block)) {
        case Tag::kLatest:
            return in_quotes("latest");
        case Tag::kSafe:
            return in_quotes("safe");
        case Tag::kFinalized:
            return in_quotes("finalized");
        case Tag::kPending:
            return in_quotes("pending");
        case Tag::kEarliest:
            return in_quotes("earliest");
    }
    throw std::logic_error("a tag outside its enumeration");
}

std::string call_json(const CallRequest& request) {
    std::string out = "{";
    if (request.from) {
        out += fmt::format(R"("from":"{}",)", request.from->hex());
    }
    if (request.to) {
        out += fmt::format(R"("to":"{}",)", request.to->hex());
    }
    if (request.value != 0) {
        out += fmt::format(R"("value":"{}",)", to_quantity(request.value));
    }
    return out + fmt::format(R"("data":"{}"}})", to_hex(request.data));
}

template <class Fixed>
std::string array_json(const std::vector<Fixed>& items) {
    std::string out = "[";
    for (const Fixed& item : items) {
        out += (out.size() > 1 ? "," : "") + in_quotes(item.hex());
    }
    return out + "]";
}

std::string filter_json(const std::string& blocks, const LogFilter& filter) {
    std::string out = "[{" + blocks;
    if (!filter.addresses.empty()) {
        out += R"(,"address":)" + array_json(filter.addresses);
    }
    if (!filter.topic0.empty() || !filter.topic1.empty()) {
        out += R"(,"topics":[)" + (filter.topic0.empty() ? "null" : array_json(filter.topic0));
        if (!filter.topic1.empty()) {
            out += "," + array_json(filter.topic1);
        }
        out += "]";
    }
    return out + "}]";
}

template <class Fixed>
bool any_of(const std::vector<Fixed>& allowed, const Fixed& value) {
    return allowed.empty() || std::find(allowed.begin(), allowed.end(), value) != allowed.end();
}

bool topic_allowed(const std::vector<Topic>& allowed, const Log& log, std::size_t index) {
    return allowed.empty() || (log.topics.size() > index && any_of(allowed, log.topics[index]));
}

/// A node that answers with other logs than those asked for is not to be believed in the rest either.
void check_logs(const RpcAnswer& answer, const std::vector<Log>& logs, const LogFilter& filter,
                auto in_range) {
    for (std::size_t i = 0; i < logs.size(); ++i) {
        const Log& log = logs[i];
        if (!in_range(log)) {
            answer.refuse(fmt::format("result[{}] is of a block that was not asked for", i));
        }
        if (!any_of(filter.addresses, log.address) || !topic_allowed(filter.topic0, log, 0) ||
            !topic_allowed(filter.topic1, log, 1)) {
            answer.refuse(fmt::format("result[{}] does not match the filter", i));
        }
    }
}

void check_method(std::string_view method) {
    const bool plain = std::all_of(method.begin(), method.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
    });
    if (!plain) {
        throw std::invalid_argument("a JSON-RPC method has letters, digits and underscores only");
    }
}

}  // namespace

struct HttpRpc::Impl {
    Impl(std::string node_url, Millis deadline) : url(std::move(node_url)), timeout(deadline) {}

    RpcAnswer call(std::string_view method, const std::string& params) {
        const std::uint64_t id = next_id++;
        net::HttpRequest request;
        request.method = "POST";
        request.url = url;
        request.headers = {{"Content-Type", "application/json"}};
        request.body =
            fmt::format(R"({{"jsonrpc":"2.0","id":{},"method":"{}","params":{}}})", id, method, params);
        request.timeout = timeout;
        request.connect_timeout = std::min(timeout, request.connect_timeout);
        request.max_body = kMaxAnswer;
        const net::HttpResponse response = http.send(request);
        return {method, id, response.status, response.body};
    }

    std::string url;
    Millis timeout;
    net::HttpClient http;
    std::atomic<std::uint64_t> next_id = 1;
};

HttpRpc::HttpRpc(std::string url, Millis timeout) : impl_(std::make_unique<Impl>(std::move(url), timeout)) {}
HttpRpc::~HttpRpc() = default;

std::string HttpRpc::name() const {
    return net::redact_url(impl_->url);
}
ChainId HttpRpc::chain_id() {
    return {impl_->call("eth_chainId", "[]").u64()};
}
BlockNum HttpRpc::block_number() {
    return {impl_->call("eth_blockNumber", "[]").u64()};
}
U256 HttpRpc::gas_price() {
    return impl_->call("eth_gasPrice", "[]").quantity();
}

std::optional<Header> HttpRpc::header(BlockSpec block) {
    const RpcAnswer answer = impl_->call("eth_getBlockByNumber", "[" + block_json(block) + ",false]");
    if (answer.is_null()) {
        return std::nullopt;
    }
    Header out = answer.header();
    const auto* number = std::get_if<BlockNum>(&block);
    if (number != nullptr && out.number != *number) {
        answer.refuse("another block than the one asked for");
    }
    return out;
}

std::optional<Header> HttpRpc::header(const BlockHash& hash) {
    const RpcAnswer answer = impl_->call("eth_getBlockByHash", "[" + in_quotes(hash.hex()) + ",false]");
    if (answer.is_null()) {
        return std::nullopt;
    }
    Header out = answer.header();
    if (out.hash != hash) {
        answer.refuse("another block than the one asked for");
    }
    return out;
}

std::vector<Log> HttpRpc::logs(BlockNum from, BlockNum to, const LogFilter& filter) {
    const std::string blocks =
        fmt::format(R"("fromBlock":"{}","toBlock":"{}")", to_quantity(from.value), to_quantity(to.value));
    const RpcAnswer answer = impl_->call("eth_getLogs", filter_json(blocks, filter));
    std::vector<Log> out = answer.logs();
    check_logs(answer, out, filter,
               [&](const Log& log) { return log.block_num >= from && log.block_num <= to; });
    return out;
}

std::vector<Log> HttpRpc::logs(const BlockHash& block, const LogFilter& filter) {
    const RpcAnswer answer =
        impl_->call("eth_getLogs", filter_json(fmt::format(R"("blockHash":"{}")", block.hex()), filter));
    std::vector<Log> out = answer.logs();
    check_logs(answer, out, filter, [&](const Log& log) { return log.block_hash == block; });
    return out;
}

std::vector<Receipt> HttpRpc::block_receipts(const BlockHash& block) {
    const RpcAnswer answer = impl_->call("eth_getBlockReceipts", "[" + in_quotes(block.hex()) + "]");
    if (answer.is_null()) {
        answer.refuse("the node does not know this block");
    }
    std::vector<Receipt> out = answer.receipts();
    if (std::any_of(out.begin(), out.end(),
                    [&](const Receipt& receipt) { return receipt.block.hash != block; })) {
        answer.refuse("receipts of another block than the one asked for");
    }
    return out;
}

Bytes HttpRpc::code(const Address& address, BlockSpec block) {
    return impl_->call("eth_getCode", fmt::format("[{},{}]", in_quotes(address.hex()), block_json(block)))
        .bytes();
}

Bytes HttpRpc::call(const CallRequest& request, BlockSpec block) {
    return impl_->call("eth_call", fmt::format("[{},{}]", call_json(request), block_json(block))).bytes();
}

std::uint64_t HttpRpc::estimate_gas(const CallRequest& request) {
    return impl_->call("eth_estimateGas", "[" + call_json(request) + "]").u64();
}

U256 HttpRpc::balance(const Address& address, BlockSpec block) {
    return impl_->call("eth_getBalance", fmt::format("[{},{}]", in_quotes(address.hex()), block_json(block)))
        .quantity();
}

std::uint64_t HttpRpc::transaction_count(const Address& address, BlockSpec block) {
    return impl_
        ->call("eth_getTransactionCount", fmt::format("[{},{}]", in_quotes(address.hex()), block_json(block)))
        .u64();
}

TxHash HttpRpc::send_raw_transaction(BytesView raw) {
    return impl_->call("eth_sendRawTransaction", "[" + in_quotes(to_hex(raw)) + "]").tx_hash();
}

std::optional<Receipt> HttpRpc::receipt(const TxHash& hash) {
    const RpcAnswer answer = impl_->call("eth_getTransactionReceipt", "[" + in_quotes(hash.hex()) + "]");
    if (answer.is_null()) {
        return std::nullopt;
    }
    Receipt out = answer.receipt();
    if (out.tx_hash != hash) {
        answer.refuse("the receipt of another transaction");
    }
    return out;
}

std::optional<TransactionInfo> HttpRpc::transaction(const TxHash& hash) {
    const RpcAnswer answer = impl_->call("eth_getTransactionByHash", "[" + in_quotes(hash.hex()) + "]");
    if (answer.is_null()) {
        return std::nullopt;
    }
    TransactionInfo out = answer.transaction();
    if (out.hash != hash) {
        answer.refuse("another transaction than the one asked for");
    }
    return out;
}

std::string HttpRpc::raw_call(std::string_view method, std::string_view params_json) {
    check_method(method);
    return impl_->call(method, std::string(params_json)).text();
}

}  // namespace lamda::eth
