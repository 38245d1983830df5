#include "eth/rpc.hpp"

namespace lamda::eth {

std::vector<std::optional<Header>> Rpc::headers(const std::vector<BlockNum>& numbers) {
    std::vector<std::optional<Header>> out;
    for (const auto number : numbers) {
        out.push_back(header(BlockSpec(number)));
    }
    return out;
}

std::vector<std::optional<Receipt>> Rpc::receipts(const std::vector<TxHash>& hashes) {
    std::vector<std::optional<Receipt>> out;
    for (const auto& hash : hashes) {
        out.push_back(receipt(hash));
    }
    return out;
}

std::vector<std::optional<TransactionInfo>> Rpc::transactions(const std::vector<TxHash>& hashes) {
    std::vector<std::optional<TransactionInfo>> out;
    for (const auto& hash : hashes) {
        out.push_back(transaction(hash));
    }
    return out;
}

std::vector<CallOutcome> Rpc::calls(const std::vector<CallRequest>& requests, BlockSpec block) {
    std::vector<CallOutcome> out;
    for (const auto& request : requests) {
        auto& outcome = out.emplace_back();
        try {
            outcome.result = call(request, block);
        } catch (const RpcError& error) {
            outcome.error = error;
        }
    }
    return out;
}

std::vector<SendOutcome> Rpc::send_raw_transactions(const std::vector<Bytes>& raws) {
    std::vector<SendOutcome> out;
    for (const auto& raw : raws) {
        auto& outcome = out.emplace_back();
        try {
            send_raw_transaction(raw);
        } catch (const RpcError& error) {
            outcome = SendOutcome::refused(error.what());
        }
    }
    return out;
}

}  // namespace lamda::eth
