#include "eth/rpc.hpp"

namespace lamda::eth {

std::vector<std::optional<Header>> Rpc::headers(const std::vector<BlockNum>& numbers) {
    std::vector<std::optional<Header>> out;
    out.reserve(numbers.size());
    for (const auto number : numbers) {
        out.push_back(header(BlockSpec(number)));
    }
    return out;
}

std::vector<std::optional<Receipt>> Rpc::receipts(const std::vector<TxHash>& hashes) {
    std::vector<std::optional<Receipt>> out;
    out.reserve(hashes.size());
    for (const auto& hash : hashes) {
        out.push_back(receipt(hash));
    }
    return out;
}

std::vector<std::optional<TransactionInfo>> Rpc::transactions(const std::vector<TxHash>& hashes) {
    std::vector<std::optional<TransactionInfo>> out;
    out.reserve(hashes.size());
    for (const auto& hash : hashes) {
        out.push_back(transaction(hash));
    }
    return out;
}

std::vector<CallOutcome> Rpc::calls(const std::vector<CallRequest>& requests, BlockSpec block) {
    std::vector<CallOutcome> out;
    out.reserve(requests.size());
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
    out.reserve(raws.size());
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

namespace {

/// Sent before anybody asks what came of it.
class Sent final : public Sending {
  public:
    Sent(Rpc& rpc, const std::vector<Bytes>& raws) {
        try {
            outcomes_ = rpc.send_raw_transactions(raws);
        } catch (const std::exception&) {
            error_ = std::current_exception();
        }
    }
    std::vector<SendOutcome> outcomes() override {
        if (error_) {
            std::rethrow_exception(error_);
        }
        return std::move(outcomes_);
    }

  private:
    std::vector<SendOutcome> outcomes_;
    std::exception_ptr error_;
};

}  // namespace

std::unique_ptr<Sending> Rpc::begin_sending(const std::vector<Bytes>& raws) {
    return std::make_unique<Sent>(*this, raws);
}

}  // namespace lamda::eth
