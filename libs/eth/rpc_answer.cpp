#include "eth/rpc_answer.hpp"

#include "eth/detail/header_json.hpp"
#include "eth/detail/json_object.hpp"
#include "eth/rpc_client.hpp"

namespace lamda::eth {
namespace {

Log log_of(dom::element element, const At& at) {
    const Object in(element, at);
    Log out;
    out.address = in.fixed<Address>("address");
    out.topics = read_all(in.need("topics"), in.place("topics"), fixed_of<Topic>);
    if (out.topics.size() > 4) {
        bad(in.place("topics"), "at most 4 are possible");
    }
    out.data = in.bytes("data");
    out.block_num = {in.u64("blockNumber")};
    out.block_hash = in.fixed<BlockHash>("blockHash");
    out.tx_hash = in.fixed<TxHash>("transactionHash");
    out.tx_index = in.u64("transactionIndex");
    out.log_index = in.u64("logIndex");
    return out;
}

/// True if a reorg removed the log; such a log is no part of the answer.
bool is_removed(dom::element element, const At& at) {
    const Object in(element, at);
    bool out = false;
    const auto removed = in.find("removed");
    if (removed && removed->get_bool().get(out) != simdjson::SUCCESS) {
        bad(in.place("removed"), "true or false is needed");
    }
    return out;
}

std::vector<Log> logs_of(dom::element element, const At& at) {
    const dom::array array = array_of(element, at);
    std::vector<Log> out;
    out.reserve(array.size());
    std::size_t index = 0;
    for (const dom::element item : array) {
        const At place{&at, {}, index++};
        if (!is_removed(item, place)) {
            out.push_back(log_of(item, place));
        }
    }
    return out;
}

bool success_of(const Object& receipt) {
    if (!receipt.find("status") && receipt.find("root")) {
        bad(receipt.place("root"), "receipts of before Byzantium, which have no status, are not read");
    }
    const std::uint64_t status = receipt.u64("status");
    if (status > 1) {
        bad(receipt.place("status"), "0x0 or 0x1 is needed");
    }
    return status == 1;
}

std::optional<std::uint8_t> receipt_type(const Object& receipt) {
    const auto type = receipt.maybe_u64("type");
    if (type && *type > 0x7f) {
        bad(receipt.place("type"), "a type is at most 0x7f (EIP-2718)");
    }
    return type ? std::optional(static_cast<std::uint8_t>(*type)) : std::nullopt;
}

/// True if the bloom is present and empty: the receipt has no logs.
bool has_empty_bloom(const Object& receipt) {
    const auto bloom = receipt.find("logsBloom");
    std::string_view hex;
    return bloom && bloom->get_string().get(hex) == simdjson::SUCCESS && hex.starts_with("0x") &&
           hex.find_first_not_of('0', 2) == std::string_view::npos;
}

Receipt receipt_of(dom::element element, const At& at) {
    const Object in(element, at);
    Receipt out;
    out.tx_hash = in.fixed<TxHash>("transactionHash");
    out.block = in.block();
    out.from = in.fixed<Address>("from");
    out.success = success_of(in);
    out.type = receipt_type(in);
    out.cumulative_gas_used = in.maybe_u64("cumulativeGasUsed");
    out.deposit_nonce = in.maybe_u64("depositNonce");
    out.deposit_receipt_version = in.maybe_u64("depositReceiptVersion");
    out.gas_used = in.u64("gasUsed");
    out.effective_gas_price = in.maybe_u256("effectiveGasPrice");
    out.contract_address = in.maybe_fixed<Address>("contractAddress");
    const At logs = in.place("logs");
    // Go marshals a nil slice as null.
    out.logs = !in.find("logs") && has_empty_bloom(in) ? std::vector<Log>{} : logs_of(in.need("logs"), logs);
    for (std::size_t i = 0; i < out.logs.size(); ++i) {
        if (out.logs[i].tx_hash != out.tx_hash || out.logs[i].block_hash != out.block.hash ||
            out.logs[i].block_num != out.block.number) {
            bad(At{&logs, {}, i}, "belongs to another transaction or block than its receipt");
        }
    }
    return out;
}

/// Revert data: "0x…", "Reverted 0x…", or the same in a member `data`.
Bytes revert_data(dom::element element, int depth = 0) {
    std::string_view text;
    if (element.get_string().get(text) == simdjson::SUCCESS) {
        if (text.starts_with("Reverted ")) {
            text.remove_prefix(9);
        }
        return text.starts_with("0x") ? from_hex(text).value_or({}) : Bytes{};
    }
    dom::element inner;
    if (depth < 3 && element.is_object()) {
        for (const char* key : {"data", "originalError", "result"}) {
            if (element.at_key(key).get(inner) == simdjson::SUCCESS) {
                return revert_data(inner, depth + 1);
            }
        }
    }
    return {};
}

}  // namespace

struct RpcAnswer::Impl {
    std::string method;
    int http_status = 0;
    dom::parser parser;
    dom::element result;

    [[noreturn]] void refuse(const std::string& why) const {
        throw BadAnswer(http_status, method + ": " + why);
    }

    void open(std::uint64_t id, const std::string& body) {
        dom::element root;
        const std::string_view json = without_byte_order_mark(body);
        if (parser.parse(json.data(), json.size()).get(root) != simdjson::SUCCESS || !root.is_object()) {
            refuse("HTTP " + std::to_string(http_status) + " with a body that is not a JSON object");
        }
        dom::element error;
        const bool has_error = root.at_key("error").get(error) == simdjson::SUCCESS && !error.is_null();
        dom::element answered;
        const bool has_id = root.at_key("id").get(answered) == simdjson::SUCCESS && !answered.is_null();
        // A node that cannot parse the request answers with an error without an id.
        if (has_id ? id_of(answered) != id : !has_error) {
            refuse("the id is not the request's");
        }
        if (has_error) {
            throw_error(error);
        }
        if (http_status != 200) {
            refuse("HTTP " + std::to_string(http_status));
        }
        if (root.at_key("result").get(result) != simdjson::SUCCESS) {
            refuse("neither result nor error");
        }
    }

    [[noreturn]] void throw_error(dom::element error) const {
        std::int64_t code = 0;
        std::string_view message;
        if (!error.is_object() || error.at_key("message").get_string().get(message) != simdjson::SUCCESS) {
            refuse("HTTP " + std::to_string(http_status) +
                   " with an error that is not a JSON-RPC error object");
        }
        // Some proxies send a code that is no number. The code has no effect here.
        if (error.at_key("code").get_int64().get(code) != simdjson::SUCCESS) {
            code = 0;
        }
        dom::element data;
        throw RpcError(code,
                       message.empty() ? "an error without a message" : std::string(message.substr(0, 1000)),
                       error.at_key("data").get(data) == simdjson::SUCCESS ? revert_data(data) : Bytes{});
    }

    template <class Read>
    auto read(Read reader) const {
        try {
            return reader(result, At{});
        } catch (const Bad& fault) {
            refuse(fault.where + ": " + fault.why);
        }
    }
};

RpcAnswer::RpcAnswer(std::string_view method, std::uint64_t id, int http_status, const std::string& body)
    : impl_(std::make_unique<Impl>()) {
    impl_->method = method;
    impl_->http_status = http_status;
    impl_->open(id, body);
}
RpcAnswer::~RpcAnswer() = default;

bool RpcAnswer::is_null() const {
    return impl_->result.is_null();
}
U256 RpcAnswer::quantity() const {
    return impl_->read(u256_of);
}
std::uint64_t RpcAnswer::u64() const {
    return impl_->read(u64_of);
}
Bytes RpcAnswer::bytes() const {
    return impl_->read(bytes_of);
}
TxHash RpcAnswer::tx_hash() const {
    return impl_->read(fixed_of<TxHash>);
}
std::vector<Log> RpcAnswer::logs() const {
    // Go marshals a nil slice as null.
    return is_null() ? std::vector<Log>{} : impl_->read(logs_of);
}
Receipt RpcAnswer::receipt() const {
    return impl_->read(receipt_of);
}

std::vector<Receipt> RpcAnswer::receipts() const {
    return impl_->read([](dom::element element, const At& at) { return read_all(element, at, receipt_of); });
}

Header RpcAnswer::header() const {
    return impl_->read(header_of);
}

Header RpcAnswer::proven_header() const {
    const Header out = header();
    const BlockHash hash = header_hash(impl_->read(header_fields_of));
    if (hash != out.hash) {
        throw WrongHeader(impl_->http_status, impl_->method + ": block " + std::to_string(out.number.value) +
                                                  " is named with hash " + out.hash.hex() +
                                                  ", but its header hashes to " + hash.hex() +
                                                  unknown_members(impl_->result));
    }
    return out;
}

TransactionInfo RpcAnswer::transaction() const {
    return impl_->read([](dom::element element, const At& at) {
        const Object in(element, at);
        TransactionInfo out;
        out.hash = in.fixed<TxHash>("hash");
        out.from = in.fixed<Address>("from");
        out.to = in.maybe_fixed<Address>("to");
        out.nonce = in.u64("nonce");
        out.value = in.u256("value");
        out.input = in.bytes("input");
        if (in.find("blockHash")) {
            out.block = in.block();
        }
        return out;
    });
}

std::string RpcAnswer::text() const {
    return simdjson::minify(impl_->result);
}
void RpcAnswer::refuse(const std::string& why) const {
    impl_->refuse(why);
}

}  // namespace lamda::eth
