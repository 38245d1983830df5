#include "eth/calling_rpc.hpp"

#include <algorithm>

namespace lamda::eth {

namespace {

/// @param ask (item, destination of its result) → RpcCall
template <class Result, class Item, class Ask>
std::vector<RpcCall> calls_for(const std::vector<Item>& items, std::vector<Result>& results, Ask ask) {
    results.resize(items.size());
    std::vector<RpcCall> out;
    out.reserve(items.size());
    for (std::size_t i = 0; i < items.size(); ++i) {
        out.push_back(ask(items[i], results[i]));
    }
    return out;
}

/// Number of consecutive useless answers after which the rest of a refused batch is not sent one by one: the
/// cause is then the nodes, not the calls.
constexpr int kMostUseless = 3;

bool is_useless(const std::exception_ptr& error) {
    try {
        std::rethrow_exception(error);
    } catch (const std::exception& failure) {
        return is_useless_answer(failure);
    }
}

/// Treats a batch as refused by the node if no part was answered, so that another node is called.
RpcCall batch_of(std::vector<RpcCall> parts, std::vector<std::exception_ptr>& errors) {
    auto out = rpc_calls::all(std::move(parts), errors);
    out.read = [read = std::move(out.read), &errors](std::uint64_t id, net::HttpResponse& response) {
        read(id, response);
        if (std::all_of(errors.begin(), errors.end(),
                        [](const auto& error) { return error && is_useless(error); })) {
            std::rethrow_exception(errors.front());
        }
    };
    return out;
}

/// @param errors of the calls that `results` belong to
template <class T>
std::vector<Lookup<T>> lookups_of(std::vector<std::optional<T>> results,
                                  const std::vector<std::exception_ptr>& errors) {
    std::vector<Lookup<T>> out(results.size());
    for (std::size_t i = 0; i < results.size(); ++i) {
        out[i].found = std::move(results[i]);
        try {
            if (errors[i]) {
                std::rethrow_exception(errors[i]);
            }
        } catch (const std::exception& error) {
            out[i].failure = error.what();
        }
    }
    return out;
}

}  // namespace

ChainId CallingRpc::chain_id() {
    ChainId out;
    perform(rpc_calls::chain_id(out));
    return out;
}
BlockNum CallingRpc::block_number() {
    BlockNum out;
    perform(rpc_calls::block_number(out));
    return out;
}
std::optional<Header> CallingRpc::header(BlockSpec block) {
    std::optional<Header> out;
    perform(rpc_calls::header(block, out));
    return out;
}
std::optional<Header> CallingRpc::header(const BlockHash& hash) {
    std::optional<Header> out;
    perform(rpc_calls::header(hash, out));
    return out;
}
std::optional<Header> CallingRpc::proven_header(BlockNum number) {
    std::optional<Header> out;
    perform(rpc_calls::proven_header(number, out));
    return out;
}
std::vector<Log> CallingRpc::logs(BlockNum from, BlockNum to, const LogFilter& filter) {
    std::vector<Log> out;
    perform(rpc_calls::logs(from, to, filter, out));
    return out;
}
std::vector<Log> CallingRpc::logs(const BlockHash& block, const LogFilter& filter) {
    std::vector<Log> out;
    perform(rpc_calls::logs(block, filter, out));
    return out;
}
std::vector<Receipt> CallingRpc::block_receipts(const BlockHash& block) {
    std::vector<Receipt> out;
    perform(rpc_calls::block_receipts(block, out));
    return out;
}
Bytes CallingRpc::code(const Address& address, BlockSpec block) {
    Bytes out;
    perform(rpc_calls::code(address, block, out));
    return out;
}
Bytes CallingRpc::call(const CallRequest& request, BlockSpec block) {
    Bytes out;
    perform(rpc_calls::call(request, block, out));
    return out;
}
std::uint64_t CallingRpc::estimate_gas(const CallRequest& request) {
    std::uint64_t out = 0;
    perform(rpc_calls::estimate_gas(request, out));
    return out;
}
U256 CallingRpc::balance(const Address& address, BlockSpec block) {
    U256 out;
    perform(rpc_calls::balance(address, block, out));
    return out;
}
std::uint64_t CallingRpc::transaction_count(const Address& address, BlockSpec block) {
    std::uint64_t out = 0;
    perform(rpc_calls::transaction_count(address, block, out));
    return out;
}
U256 CallingRpc::gas_price() {
    U256 out;
    perform(rpc_calls::gas_price(out));
    return out;
}
TxHash CallingRpc::send_raw_transaction(BytesView raw) {
    TxHash out;
    perform(rpc_calls::send_raw_transaction(raw, out));
    return out;
}
std::optional<Receipt> CallingRpc::receipt(const TxHash& hash) {
    std::optional<Receipt> out;
    perform(rpc_calls::receipt(hash, out));
    return out;
}
std::optional<TransactionInfo> CallingRpc::transaction(const TxHash& hash) {
    std::optional<TransactionInfo> out;
    perform(rpc_calls::transaction(hash, out));
    return out;
}
std::optional<TransactionInfo> CallingRpc::transaction(const TxPlace& place) {
    std::optional<TransactionInfo> out;
    perform(rpc_calls::transaction_at(place, out));
    return out;
}

bool CallingRpc::perform_one(const RpcCall& rpc_call, std::exception_ptr& error) {
    error = nullptr;
    try {
        perform(rpc_call);
        return true;
    } catch (const RpcError& refusal) {
        error = std::current_exception();
        return refusal.is_revert();
    } catch (const BadAnswer& answer) {
        if (!is_useless_answer(answer)) {
            throw;
        }
        error = std::current_exception();
        return false;
    }
}

std::vector<std::exception_ptr> CallingRpc::perform_all(const std::vector<RpcCall>& rpc_calls) {
    std::vector<std::exception_ptr> out(rpc_calls.size());
    for (std::size_t first = 0; first < rpc_calls.size(); first += kMostInBatch) {
        const auto last = std::min(first + kMostInBatch, rpc_calls.size());
        std::vector<std::exception_ptr> errors;
        bool batched = last - first > 1;
        try {
            if (batched) {
                perform(batch_of({rpc_calls.begin() + static_cast<std::ptrdiff_t>(first),
                                  rpc_calls.begin() + static_cast<std::ptrdiff_t>(last)},
                                 errors));
            }
        } catch (const RpcError&) {
            batched = false;  // no node takes batches, or no part was answered
        } catch (const BadAnswer& answer) {
            if (answer.retry_after()) {
                throw;
            }
            batched = false;
        }
        int useless = 0;
        std::exception_ptr last_useless;
        for (std::size_t i = first; i < last; ++i) {
            if (batched && (!errors[i - first] || !is_useless(errors[i - first]))) {
                out[i] = errors[i - first];
            } else if (useless < kMostUseless) {
                useless = perform_one(rpc_calls[i], out[i]) ? 0 : useless + 1;
                last_useless = out[i];
            } else {
                out[i] = last_useless;
            }
        }
    }
    return out;
}

std::vector<Lookup<Header>> CallingRpc::headers(const std::vector<BlockNum>& numbers) {
    std::vector<std::optional<Header>> out;
    const auto errors = perform_all(calls_for(numbers, out, [](BlockNum number, std::optional<Header>& to) {
        return rpc_calls::header(BlockSpec(number), to);
    }));
    return lookups_of(std::move(out), errors);
}
std::vector<Lookup<Receipt>> CallingRpc::receipts(const std::vector<TxHash>& hashes) {
    std::vector<std::optional<Receipt>> out;
    const auto errors = perform_all(calls_for(hashes, out, rpc_calls::receipt));
    return lookups_of(std::move(out), errors);
}
std::vector<Lookup<TransactionInfo>> CallingRpc::transactions(const std::vector<TxHash>& hashes) {
    std::vector<std::optional<TransactionInfo>> out;
    const auto errors = perform_all(calls_for(hashes, out, rpc_calls::transaction));
    return lookups_of(std::move(out), errors);
}
std::vector<Lookup<TransactionInfo>> CallingRpc::transactions(const std::vector<TxPlace>& places) {
    std::vector<std::optional<TransactionInfo>> out;
    const auto errors = perform_all(calls_for(places, out, rpc_calls::transaction_at));
    return lookups_of(std::move(out), errors);
}
std::vector<CallOutcome> CallingRpc::calls(const std::vector<CallRequest>& requests, BlockSpec block) {
    std::vector<CallOutcome> out(requests.size());
    const auto errors =
        perform_all(calls_for(requests, out, [block](const CallRequest& request, CallOutcome& to) {
            return rpc_calls::call(request, block, to.result);
        }));
    for (std::size_t i = 0; i < errors.size(); ++i) {
        try {
            if (errors[i]) {
                std::rethrow_exception(errors[i]);
            }
        } catch (const RpcError& error) {
            out[i].error = error;
        } catch (const BadAnswer& error) {
            out[i].error = RpcError(0, error.what(), {});
        }
    }
    return out;
}
std::vector<SendOutcome> CallingRpc::send_raw_transactions(const std::vector<Bytes>& raws) {
    std::vector<SendOutcome> out;
    out.reserve(raws.size());
    for (std::size_t first = 0; first < raws.size(); first += kMostInBatch) {
        const std::vector<Bytes> some(
            raws.begin() + static_cast<std::ptrdiff_t>(first),
            raws.begin() + static_cast<std::ptrdiff_t>(std::min(first + kMostInBatch, raws.size())));
        std::vector<TxHash> hashes;
        std::vector<std::exception_ptr> errors;
        try {
            perform(rpc_calls::all(calls_for(some, hashes,
                                             [](const Bytes& raw, TxHash& to) {
                                                 return rpc_calls::send_raw_transaction(raw, to);
                                             }),
                                   errors));
        } catch (const RpcError&) {
            errors.clear();  // no node takes batches
        } catch (const BadAnswer& answer) {
            if (answer.retry_after()) {
                throw;
            }
            errors.clear();
        }
        if (errors.empty()) {
            const auto singly = Rpc::send_raw_transactions(some);
            out.insert(out.end(), singly.begin(), singly.end());
        }
        for (const auto& error : errors) {
            out.push_back(SendOutcome::of(error));
        }
    }
    return out;
}

}  // namespace lamda::eth
