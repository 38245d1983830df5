#include "chain/multi_rpc.hpp"

#include <algorithm>

#include "crypto/digest.hpp"

namespace lamda::chain {

namespace {
constexpr Millis kFirstQuarantine{500};
constexpr unsigned kMostDoublings = 7;  // 64 s
}  // namespace

MultiRpc::MultiRpc(std::vector<std::unique_ptr<eth::Rpc>> endpoints, std::optional<ChainId> expected,
                   const Clock& clock, telemetry::Log log)
    : chain_(expected), clock_(clock), log_(std::move(log)) {
    for (auto& endpoint : endpoints) {
        endpoints_.push_back({std::move(endpoint), false, false, 0, {}});
    }
}

std::vector<std::size_t> MultiRpc::order() const {
    const std::lock_guard lock(mutex_);
    const auto now = clock_.steady();
    std::vector<std::size_t> good;
    std::vector<std::size_t> resting;
    for (std::size_t i = 0; i < endpoints_.size(); ++i) {
        const auto index = (preferred_ + i) % endpoints_.size();
        const auto& endpoint = endpoints_[index];
        if (!endpoint.excluded) {
            (endpoint.quarantined_until > now ? resting : good).push_back(index);
        }
    }
    // When all rest, the one that rests the shortest is asked: there is nobody else.
    if (good.empty() && !resting.empty()) {
        good.push_back(*std::min_element(resting.begin(), resting.end(), [&](auto a, auto b) {
            return endpoints_[a].quarantined_until < endpoints_[b].quarantined_until;
        }));
    }
    return good;
}

bool MultiRpc::usable(std::size_t index) {
    eth::Rpc* rpc = nullptr;
    {
        const std::lock_guard lock(mutex_);
        if (endpoints_[index].checked) {
            return !endpoints_[index].excluded;
        }
        rpc = endpoints_[index].rpc.get();
    }
    const auto chain = rpc->chain_id();
    const std::lock_guard lock(mutex_);
    auto& endpoint = endpoints_[index];
    if (!chain_) {
        chain_ = chain;
    }
    endpoint.checked = true;
    endpoint.excluded = chain != *chain_;
    ever_right_ = ever_right_ || !endpoint.excluded;
    if (endpoint.excluded) {
        log_.error(
            "endpoint is on another chain and not used",
            {{"endpoint", endpoint.rpc->name()}, {"chain_id", chain.value}, {"expected", chain_->value}});
    }
    return !endpoint.excluded;
}

void MultiRpc::failed(std::size_t index, const char* what) {
    const std::lock_guard lock(mutex_);
    auto& endpoint = endpoints_[index];
    const auto pause = kFirstQuarantine * (1U << std::min(endpoint.failures, kMostDoublings));
    ++endpoint.failures;
    endpoint.quarantined_until = clock_.steady() + pause;
    if (endpoint.failures == 1) {
        log_.warn("endpoint failed", {{"endpoint", endpoint.rpc->name()}, {"reason", what}});
    }
}

void MultiRpc::answered(std::size_t index) {
    const std::lock_guard lock(mutex_);
    endpoints_[index].failures = 0;
    endpoints_[index].quarantined_until = {};
    preferred_ = index;
}

template <class F>
bool MultiRpc::contact(std::size_t index, std::exception_ptr& last, F&& call) {
    try {
        if (!usable(index)) {
            return false;
        }
        call(*endpoints_[index].rpc);
        answered(index);
        return true;
    } catch (const net::TransportError& error) {
        failed(index, error.what());
        last = std::current_exception();
    } catch (const eth::BadAnswer& error) {
        failed(index, error.what());
        last = std::current_exception();
    } catch (const eth::RpcError&) {
        last = std::current_exception();
        throw;
    }
    return false;
}

template <class F>
auto MultiRpc::ask(F&& call, bool errors_too) -> decltype(call(std::declval<eth::Rpc&>())) {
    std::exception_ptr last;
    for (const auto index : order()) {
        try {
            std::optional<decltype(call(std::declval<eth::Rpc&>()))> answer;
            if (contact(index, last, [&](eth::Rpc& rpc) { answer.emplace(call(rpc)); })) {
                return std::move(*answer);
            }
        } catch (const eth::RpcError&) {
            // The node works and says no. For questions that nodes differ on, another may say yes.
            if (!errors_too) {
                break;
            }
        }
    }
    const std::lock_guard lock(mutex_);
    const bool some_wrong =
        std::any_of(endpoints_.begin(), endpoints_.end(), [](const auto& e) { return e.excluded; });
    if (some_wrong && !ever_right_) {
        throw ConfigContradiction("every endpoint that answers is on another chain than " +
                                  std::to_string(chain_ ? chain_->value : 0));
    }
    if (last) {
        std::rethrow_exception(last);
    }
    throw net::TransportError(net::TransportError::Kind::kConnect, "no endpoint is usable");
}

ChainId MultiRpc::chain_id() {
    return ask([](eth::Rpc& rpc) { return rpc.chain_id(); });
}
BlockNum MultiRpc::block_number() {
    return ask([](eth::Rpc& rpc) { return rpc.block_number(); });
}
std::optional<eth::Header> MultiRpc::header(eth::BlockSpec block) {
    return ask([&](eth::Rpc& rpc) { return rpc.header(block); }, true);
}
std::optional<eth::Header> MultiRpc::header(const BlockHash& hash) {
    return ask([&](eth::Rpc& rpc) { return rpc.header(hash); });
}
std::vector<eth::Log> MultiRpc::logs(BlockNum from, BlockNum to, const eth::LogFilter& filter) {
    return ask([&](eth::Rpc& rpc) { return rpc.logs(from, to, filter); }, true);
}
std::vector<eth::Log> MultiRpc::logs(const BlockHash& block, const eth::LogFilter& filter) {
    return ask([&](eth::Rpc& rpc) { return rpc.logs(block, filter); }, true);
}
std::vector<eth::Receipt> MultiRpc::block_receipts(const BlockHash& block) {
    return ask([&](eth::Rpc& rpc) { return rpc.block_receipts(block); }, true);
}
Bytes MultiRpc::code(const Address& address, eth::BlockSpec block) {
    return ask([&](eth::Rpc& rpc) { return rpc.code(address, block); }, true);
}
Bytes MultiRpc::call(const eth::CallRequest& request, eth::BlockSpec block) {
    return ask([&](eth::Rpc& rpc) { return rpc.call(request, block); });
}
std::uint64_t MultiRpc::estimate_gas(const eth::CallRequest& request) {
    return ask([&](eth::Rpc& rpc) { return rpc.estimate_gas(request); });
}
U256 MultiRpc::balance(const Address& address, eth::BlockSpec block) {
    return ask([&](eth::Rpc& rpc) { return rpc.balance(address, block); });
}
std::uint64_t MultiRpc::transaction_count(const Address& address, eth::BlockSpec block) {
    return ask([&](eth::Rpc& rpc) { return rpc.transaction_count(address, block); }, true);
}
U256 MultiRpc::gas_price() {
    return ask([](eth::Rpc& rpc) { return rpc.gas_price(); });
}

TxHash MultiRpc::send_raw_transaction(BytesView raw) {
    const auto hash = crypto::keccak256(raw).as<TxHash>();
    bool accepted = false;
    std::exception_ptr last;
    for (const auto index : order()) {
        try {
            accepted =
                contact(index, last, [&](eth::Rpc& rpc) { rpc.send_raw_transaction(raw); }) || accepted;
        } catch (const eth::RpcError&) {
            try {
                // "already known" has many texts; whether it is known has one.
                accepted = accepted || endpoints_[index].rpc->transaction(hash).has_value();
            } catch (const std::exception&) {
                continue;  // the refusal stands
            }
        }
    }
    if (accepted) {
        return hash;
    }
    if (last) {
        std::rethrow_exception(last);
    }
    return ask([&](eth::Rpc& rpc) { return rpc.send_raw_transaction(raw); });
}

std::optional<eth::Receipt> MultiRpc::receipt(const TxHash& hash) {
    return ask([&](eth::Rpc& rpc) { return rpc.receipt(hash); });
}
std::optional<eth::TransactionInfo> MultiRpc::transaction(const TxHash& hash) {
    return ask([&](eth::Rpc& rpc) { return rpc.transaction(hash); });
}

std::string MultiRpc::name() const {
    std::string out;
    for (const auto& endpoint : endpoints_) {
        out += (out.empty() ? "" : ",") + endpoint.rpc->name();
    }
    return out;
}

}  // namespace lamda::chain
