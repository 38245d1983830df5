#include "simulator/detail/node_answer.hpp"

#include <algorithm>
#include <map>

#include "simulator/detail/node_json.hpp"

namespace lamda::simulator {

namespace {

using nlohmann::json;

[[noreturn]] void invalid(const std::string& what) {
    throw eth::RpcError(-32602, "invalid argument: " + what, {});
}

template <class Parsed>
auto must(const Parsed& parsed) {
    if (!parsed) {
        invalid(parsed.error().message);
    }
    return *parsed;
}

const json& param(const json& params, std::size_t at) {
    if (!params.is_array() || params.size() <= at) {
        invalid("missing value for required argument " + std::to_string(at));
    }
    return params[at];
}

std::string text(const json& value) {
    if (!value.is_string()) {
        invalid("a string is needed");
    }
    return value.get<std::string>();
}

std::uint64_t number(const std::string& quantity) {
    return must(to_u64(must(u256_from_quantity(quantity))));
}

eth::BlockSpec block_spec(const json& value) {
    static const std::map<std::string, eth::Tag> tags{{"latest", eth::Tag::kLatest},
                                                      {"safe", eth::Tag::kSafe},
                                                      {"finalized", eth::Tag::kFinalized},
                                                      {"pending", eth::Tag::kPending},
                                                      {"earliest", eth::Tag::kEarliest}};
    const auto found = tags.find(text(value));
    return found != tags.end() ? eth::BlockSpec(found->second)
                               : eth::BlockSpec(BlockNum{number(text(value))});
}

template <class Fixed>
std::vector<Fixed> any_of(const json& value) {
    std::vector<Fixed> out;
    if (value.is_string()) {
        out.push_back(must(Fixed::parse(text(value))));
    } else if (value.is_array()) {
        for (const auto& item : value) {
            out.push_back(must(Fixed::parse(text(item))));
        }
    }
    return out;
}

eth::LogFilter log_filter(const json& query) {
    eth::LogFilter out;
    out.addresses = any_of<Address>(query.value("address", json()));
    const auto topics = query.value("topics", json::array());
    out.topic0 = topics.empty() ? std::vector<Topic>{} : any_of<Topic>(topics[0]);
    out.topic1 = topics.size() < 2 ? std::vector<Topic>{} : any_of<Topic>(topics[1]);
    return out;
}

eth::CallRequest call_request(const json& value) {
    eth::CallRequest out;
    if (value.contains("from")) {
        out.from = must(Address::parse(text(value["from"])));
    }
    if (value.contains("to")) {
        out.to = must(Address::parse(text(value["to"])));
    }
    const auto data = value.contains("input") ? value["input"] : value.value("data", json("0x"));
    out.data = must(from_hex(text(data)));
    return out;
}

std::string in_quotes(const std::string& plain) {
    return "\"" + plain + "\"";
}

/// The requested block, unless the fault kForgotten strikes.
template <class Key>
const Block* find(const NodeCall& call, const Key& key) {
    const auto* found = call.view.block(key);
    if (found != nullptr && call.strikes(Fault::kForgotten)) {
        ++call.counts[Fault::kForgotten];
        return nullptr;
    }
    return found;
}

std::string block_or_null(const NodeCall& call, const Block* block) {
    if (block == nullptr) {
        return "null";
    }
    return block_json(call.foreign ? on_another_chain(*block) : *block);
}

std::string block_by_number(const NodeCall& call, const json& params) {
    const auto spec = block_spec(param(params, 0));
    if (spec == eth::BlockSpec(eth::Tag::kSafe) || spec == eth::BlockSpec(eth::Tag::kFinalized)) {
        for (const auto fault : {Fault::kNoFinalized, Fault::kStaleFinalized, Fault::kFinalizedBehind}) {
            call.counts[fault] += call.strikes(fault) ? 1 : 0;
        }
    }
    // A block named by a tag is never forgotten.
    return block_or_null(call,
                         std::holds_alternative<eth::Tag>(spec) ? call.view.block(spec) : find(call, spec));
}

BlockHash block_hash(const NodeCall& call, const json& value) {
    const auto hash = must(BlockHash::parse(text(value)));
    return call.foreign ? hash_on_another_chain(hash) : hash;
}

std::vector<eth::Log> with_limit(const NodeCall& call, std::vector<eth::Log> logs) {
    if (call.plan.result_limit > 0 && logs.size() > call.plan.result_limit) {
        throw LimitReached{Fault::kResultLimit};
    }
    if (call.foreign) {
        std::transform(logs.begin(), logs.end(), logs.begin(), log_on_another_chain);
    }
    return logs;
}

/// Counts kFalseEmpty if the true chain has logs in the range: only then is an empty answer false.
void count_false_empty(const NodeCall& call, std::uint64_t from, std::uint64_t to,
                       const eth::LogFilter& filter) {
    const auto& branch = call.chain.branch();
    for (auto n = from; n <= to && n < branch.size(); ++n) {
        if (!ChainView::logs(*branch[n], filter).empty()) {
            ++call.counts[Fault::kFalseEmpty];
            return;
        }
    }
}

BlockNum bound(const NodeCall& call, const json& query, const char* which) {
    const auto spec = block_spec(query.value(which, json("latest")));
    const auto* number = std::get_if<BlockNum>(&spec);
    return number != nullptr ? *number : call.view.block(spec)->header.number;
}

bool pruned(const NodeCall& call, const Block& block) {
    return block.header.number.value < call.plan.pruned_below;
}

std::string logs_of_range(const NodeCall& call, const json& query, const eth::LogFilter& filter) {
    const auto from = bound(call, query, "fromBlock");
    const auto to = bound(call, query, "toBlock");
    if (to < from) {
        throw eth::RpcError(-32000, "invalid block range params", {});
    }
    if (call.plan.range_limit > 0 && to.value - from.value + 1 > call.plan.range_limit) {
        throw LimitReached{Fault::kRangeLimit};
    }
    if (to.value > call.view.head()) {
        if (!call.plan.empty_when_lacking) {
            throw eth::RpcError(-32602, "block range extends beyond current head block", {});
        }
        count_false_empty(call, std::max(from.value, call.view.head() + 1), to.value, filter);
    }
    auto found = call.view.logs(from, to, filter);
    const auto pruned =
        std::erase_if(found, [&](const auto& log) { return log.block_num.value < call.plan.pruned_below; });
    call.counts[Fault::kFalseEmpty] += pruned > 0 ? 1 : 0;
    return logs_json(with_limit(call, std::move(found)));
}

std::string logs(const NodeCall& call, const json& params) {
    if (call.plan.no_logs) {
        ++call.counts[Fault::kNoLogs];
        throw eth::RpcError(-32005, "limit exceeded", {});
    }
    const auto& query = param(params, 0);
    const auto filter = log_filter(query);
    if (!query.contains("blockHash")) {
        return logs_of_range(call, query, filter);
    }
    const auto hash = block_hash(call, query["blockHash"]);
    const bool has_it = call.view.block(hash) != nullptr;
    const auto* block = find(call, hash);
    if (block != nullptr && pruned(call, *block)) {
        return "[]";
    }
    if (block != nullptr) {
        return logs_json(with_limit(call, ChainView::logs(*block, filter)));
    }
    // An empty answer covers blocks that the node never had; a forgotten block is an error.
    if (has_it || !call.plan.empty_when_lacking) {
        throw eth::RpcError(-32000, "unknown block", {});
    }
    const auto* known = ChainView(call.chain.branch(), call.chain.height(), {}, {}).block(hash);
    if (known != nullptr && !ChainView::logs(*known, filter).empty()) {
        ++call.counts[Fault::kFalseEmpty];
    }
    return "[]";
}

/// The block whose state is requested. @throws eth::RpcError if the node lacks the block or its state
BlockNum with_state(const NodeCall& call, const json& param) {
    const auto* block = call.view.block(block_spec(param));
    if (block == nullptr) {
        throw eth::RpcError(-32000, "header not found", {});
    }
    if (block->header.number.value < call.plan.state_pruned_below) {
        throw eth::RpcError(-32000, "missing trie node 5a1f (path ) state 0x5a1f is not available", {});
    }
    return block->header.number;
}

std::string block_receipts(const NodeCall& call, const json& params) {
    if (call.plan.no_receipts) {
        ++call.counts[Fault::kNoReceipts];
        throw eth::RpcError(-32601, "the method eth_getBlockReceipts does not exist/is not available", {});
    }
    const auto wanted = text(param(params, 0));
    const auto* block =
        wanted.size() == 66 ? find(call, block_hash(call, params[0])) : find(call, block_spec(params[0]));
    if (block == nullptr || pruned(call, *block)) {
        return "null";
    }
    return receipts_json(call.foreign ? on_another_chain(*block) : *block);
}

std::string receipt(const NodeCall& call, const json& params) {
    const auto hash = must(TxHash::parse(text(param(params, 0))));
    const auto found = call.view.receipt(hash);
    const bool forgotten = found && found->block.number.value < call.plan.hashes_forgotten_below;
    const auto* block = found && !forgotten ? find(call, found->block.hash) : nullptr;
    return block != nullptr ? receipt_json(*block, hash) : "null";
}

std::string transaction(const NodeCall& call, const json& params) {
    const auto found = call.chain.transaction(call.view, must(TxHash::parse(text(param(params, 0)))));
    const bool forgotten =
        found && found->block && found->block->number.value < call.plan.hashes_forgotten_below;
    return found && !forgotten ? transaction_json(*found) : "null";
}

std::string transaction_at(const NodeCall& call, const json& params) {
    const auto found =
        call.view.transaction(block_hash(call, param(params, 0)), number(text(param(params, 1))));
    return found ? transaction_json(*found) : "null";
}

}  // namespace

std::string answer(const NodeCall& call, const std::string& method, const json& params) {
    if (const auto error = call.plan.troubles.find(method); error != call.plan.troubles.end()) {
        throw eth::RpcError(error->second.code, error->second.text, {});
    }
    const auto address = [&] { return must(Address::parse(text(param(params, 0)))); };
    if (method == "eth_chainId") {
        return in_quotes(to_quantity(call.plan.chain.value));
    }
    if (method == "eth_blockNumber") {
        return in_quotes(to_quantity(call.view.head()));
    }
    if (method == "eth_getBlockByNumber") {
        return block_by_number(call, params);
    }
    if (method == "eth_getBlockByHash") {
        return block_or_null(call, find(call, block_hash(call, param(params, 0))));
    }
    if (method == "eth_getLogs") {
        return logs(call, params);
    }
    if (method == "eth_getBlockReceipts") {
        return block_receipts(call, params);
    }
    if (method == "eth_getTransactionReceipt") {
        return receipt(call, params);
    }
    if (method == "eth_getTransactionByHash") {
        return transaction(call, params);
    }
    if (method == "eth_getTransactionByBlockHashAndIndex") {
        return transaction_at(call, params);
    }
    if (method == "eth_getTransactionCount") {
        return in_quotes(
            to_quantity(call.chain.transaction_count(call.view, address(), block_spec(param(params, 1)))));
    }
    if (method == "eth_getCode") {
        return in_quotes(to_hex(call.chain.code(address(), with_state(call, param(params, 1)))));
    }
    if (method == "eth_call") {
        const auto at = with_state(call, param(params, 1));
        const auto& earlier = call.plan.earlier_call_result;
        if (earlier && at.value < earlier->first) {
            return in_quotes(to_hex(earlier->result));
        }
        if (call.plan.call_result) {
            return in_quotes(to_hex(*call.plan.call_result));
        }
        return in_quotes(to_hex(call.chain.call(call_request(param(params, 0)), eth::Tag::kLatest)));
    }
    if (method == "eth_estimateGas") {
        return in_quotes(to_quantity(call.chain.estimate_gas(call_request(param(params, 0)))));
    }
    if (method == "eth_getBalance") {
        return in_quotes(to_quantity(call.chain.balance(address(), eth::Tag::kLatest)));
    }
    if (method == "eth_gasPrice") {
        return in_quotes(to_quantity(call.chain.gas_price()));
    }
    if (method == "eth_sendRawTransaction") {
        return in_quotes(call.chain.send_raw_transaction(must(from_hex(text(param(params, 0))))).hex());
    }
    throw eth::RpcError(-32601, "the method " + method + " does not exist/is not available", {});
}

}  // namespace lamda::simulator
