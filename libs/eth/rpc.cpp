#include "eth/rpc.hpp"

namespace lamda::eth {

bool is_useless_answer(const std::exception& error) {
    constexpr int kOk = 200;
    if (const auto* answer = dynamic_cast<const BadAnswer*>(&error)) {
        return answer->http_status() == kOk && !answer->retry_after();
    }
    const auto* refusal = dynamic_cast<const RpcError*>(&error);
    return refusal != nullptr && !refusal->is_revert();
}

SendOutcome SendOutcome::of(const std::exception_ptr& error) {
    try {
        if (error) {
            std::rethrow_exception(error);
        }
        return {};
    } catch (const RpcError& refusal) {
        return refused(refusal.what());
    } catch (const BadAnswer& answer) {
        if (!is_useless_answer(answer)) {
            throw;
        }
        return refused(answer.what());
    }
}

namespace {

/// @param look_up item → optional result
template <class T, class Item, class LookUp>
std::vector<Lookup<T>> look_up_each(const std::vector<Item>& items, LookUp look_up) {
    std::vector<Lookup<T>> out;
    out.reserve(items.size());
    for (const auto& item : items) {
        auto& one = out.emplace_back();
        try {
            one.found = look_up(item);
        } catch (const std::exception& error) {
            if (!is_useless_answer(error)) {
                throw;
            }
            one.failure = error.what();
        }
    }
    return out;
}

}  // namespace

std::vector<Lookup<Header>> Rpc::headers(const std::vector<BlockNum>& numbers) {
    return look_up_each<Header>(numbers, [&](BlockNum number) { return header(BlockSpec(number)); });
}

std::vector<Lookup<Receipt>> Rpc::receipts(const std::vector<TxHash>& hashes) {
    return look_up_each<Receipt>(hashes, [&](const TxHash& hash) { return receipt(hash); });
}

std::vector<Lookup<TransactionInfo>> Rpc::transactions(const std::vector<TxHash>& hashes) {
    return look_up_each<TransactionInfo>(hashes, [&](const TxHash& hash) { return transaction(hash); });
}

std::vector<Lookup<TransactionInfo>> Rpc::transactions(const std::vector<TxPlace>& places) {
    return look_up_each<TransactionInfo>(places, [&](const TxPlace& place) { return transaction(place); });
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
        } catch (const BadAnswer& error) {
            if (!is_useless_answer(error)) {
                throw;
            }
            outcome.error = RpcError(0, error.what(), {});
        }
    }
    return out;
}

std::vector<SendOutcome> Rpc::send_raw_transactions(const std::vector<Bytes>& raws) {
    std::vector<SendOutcome> out;
    out.reserve(raws.size());
    for (const auto& raw : raws) {
        std::exception_ptr error;
        try {
            send_raw_transaction(raw);
        } catch (const std::exception&) {
            error = std::current_exception();
        }
        out.push_back(SendOutcome::of(error));
    }
    return out;
}

namespace {

/// Sends in the constructor, before outcomes() is called.
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
