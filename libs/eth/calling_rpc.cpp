#include "eth/calling_rpc.hpp"

#include <algorithm>

namespace lamda::eth {

namespace {

void throw_first(const std::vector<std::exception_ptr>& errors) {
    for (const auto& error : errors) {
        if (error) {
            std::rethrow_exception(error);
        }
    }
}

/// @param question (item, where its result goes) → Question
template <class Result, class Item, class Ask>
std::vector<Question> questions_for(const std::vector<Item>& items, std::vector<Result>& results, Ask ask) {
    results.resize(items.size());
    std::vector<Question> out;
    out.reserve(items.size());
    for (std::size_t i = 0; i < items.size(); ++i) {
        out.push_back(ask(items[i], results[i]));
    }
    return out;
}

bool ask_elsewhere(const Question& question, const std::exception_ptr& error) {
    try {
        std::rethrow_exception(error);
    } catch (const RpcError&) {
        return question.on_error == Question::OnError::kAskAnother;
    } catch (const BadAnswer&) {
        return true;
    } catch (const std::exception&) {
        return false;
    }
}

}  // namespace

ChainId CallingRpc::chain_id() {
    ChainId out;
    perform(questions::chain_id(out));
    return out;
}
BlockNum CallingRpc::block_number() {
    BlockNum out;
    perform(questions::block_number(out));
    return out;
}
std::optional<Header> CallingRpc::header(BlockSpec block) {
    std::optional<Header> out;
    perform(questions::header(block, out));
    return out;
}
std::optional<Header> CallingRpc::header(const BlockHash& hash) {
    std::optional<Header> out;
    perform(questions::header(hash, out));
    return out;
}
std::optional<Header> CallingRpc::proven_header(BlockNum number) {
    std::optional<Header> out;
    perform(questions::proven_header(number, out));
    return out;
}
std::vector<Log> CallingRpc::logs(BlockNum from, BlockNum to, const LogFilter& filter) {
    std::vector<Log> out;
    perform(questions::logs(from, to, filter, out));
    return out;
}
std::vector<Log> CallingRpc::logs(const BlockHash& block, const LogFilter& filter) {
    std::vector<Log> out;
    perform(questions::logs(block, filter, out));
    return out;
}
std::vector<Receipt> CallingRpc::block_receipts(const BlockHash& block) {
    std::vector<Receipt> out;
    perform(questions::block_receipts(block, out));
    return out;
}
Bytes CallingRpc::code(const Address& address, BlockSpec block) {
    Bytes out;
    perform(questions::code(address, block, out));
    return out;
}
Bytes CallingRpc::call(const CallRequest& request, BlockSpec block) {
    Bytes out;
    perform(questions::call(request, block, out));
    return out;
}
std::uint64_t CallingRpc::estimate_gas(const CallRequest& request) {
    std::uint64_t out = 0;
    perform(questions::estimate_gas(request, out));
    return out;
}
U256 CallingRpc::balance(const Address& address, BlockSpec block) {
    U256 out;
    perform(questions::balance(address, block, out));
    return out;
}
std::uint64_t CallingRpc::transaction_count(const Address& address, BlockSpec block) {
    std::uint64_t out = 0;
    perform(questions::transaction_count(address, block, out));
    return out;
}
U256 CallingRpc::gas_price() {
    U256 out;
    perform(questions::gas_price(out));
    return out;
}
TxHash CallingRpc::send_raw_transaction(BytesView raw) {
    TxHash out;
    perform(questions::send_raw_transaction(raw, out));
    return out;
}
std::optional<Receipt> CallingRpc::receipt(const TxHash& hash) {
    std::optional<Receipt> out;
    perform(questions::receipt(hash, out));
    return out;
}
std::optional<TransactionInfo> CallingRpc::transaction(const TxHash& hash) {
    std::optional<TransactionInfo> out;
    perform(questions::transaction(hash, out));
    return out;
}

std::vector<std::exception_ptr> CallingRpc::perform_all(const std::vector<Question>& questions) {
    std::vector<std::exception_ptr> out(questions.size());
    const auto one = [&](std::size_t i) {
        out[i] = nullptr;
        try {
            perform(questions[i]);
        } catch (const RpcError&) {
            out[i] = std::current_exception();
        }
    };
    for (std::size_t first = 0; first < questions.size(); first += kMostInBatch) {
        const auto last = std::min(first + kMostInBatch, questions.size());
        if (last - first == 1) {
            one(first);
            continue;
        }
        std::vector<std::exception_ptr> errors;
        try {
            perform(questions::all({questions.begin() + static_cast<std::ptrdiff_t>(first),
                                    questions.begin() + static_cast<std::ptrdiff_t>(last)},
                                   errors));
        } catch (const RpcError&) {
            errors.clear();  // no node takes batches
        } catch (const BadAnswer& answer) {
            if (answer.retry_after()) {
                throw;
            }
            errors.clear();
        }
        for (std::size_t i = first; i < last; ++i) {
            if (errors.empty() || (errors[i - first] && ask_elsewhere(questions[i], errors[i - first]))) {
                one(i);
            } else {
                out[i] = errors[i - first];
            }
        }
    }
    return out;
}

std::vector<std::optional<Header>> CallingRpc::headers(const std::vector<BlockNum>& numbers) {
    std::vector<std::optional<Header>> out;
    throw_first(perform_all(questions_for(numbers, out, [](BlockNum number, std::optional<Header>& to) {
        return questions::header(BlockSpec(number), to);
    })));
    return out;
}
std::vector<std::optional<Receipt>> CallingRpc::receipts(const std::vector<TxHash>& hashes) {
    std::vector<std::optional<Receipt>> out;
    throw_first(perform_all(questions_for(hashes, out, questions::receipt)));
    return out;
}
std::vector<std::optional<TransactionInfo>> CallingRpc::transactions(const std::vector<TxHash>& hashes) {
    std::vector<std::optional<TransactionInfo>> out;
    throw_first(perform_all(questions_for(hashes, out, questions::transaction)));
    return out;
}
std::vector<CallOutcome> CallingRpc::calls(const std::vector<CallRequest>& requests, BlockSpec block) {
    std::vector<CallOutcome> out(requests.size());
    const auto errors =
        perform_all(questions_for(requests, out, [block](const CallRequest& request, CallOutcome& to) {
            return questions::call(request, block, to.result);
        }));
    for (std::size_t i = 0; i < errors.size(); ++i) {
        try {
            if (errors[i]) {
                std::rethrow_exception(errors[i]);
            }
        } catch (const RpcError& error) {
            out[i].error = error;
        }
    }
    return out;
}
std::vector<SendOutcome> CallingRpc::send_raw_transactions(const std::vector<Bytes>& raws) {
    std::vector<TxHash> hashes;
    const auto errors = perform_all(questions_for(
        raws, hashes, [](const Bytes& raw, TxHash& to) { return questions::send_raw_transaction(raw, to); }));
    std::vector<SendOutcome> out(raws.size());
    for (std::size_t i = 0; i < errors.size(); ++i) {
        try {
            if (errors[i]) {
                std::rethrow_exception(errors[i]);
            }
        } catch (const RpcError& error) {
            out[i] = SendOutcome::refused(error.what());
        }
    }
    return out;
}

}  // namespace lamda::eth
