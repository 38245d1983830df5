#include "txsender/detail/gas_limits.hpp"

#include <algorithm>

#include "txsender/detail/revert_reason.hpp"

namespace lamda::txsender {

namespace {
constexpr int kMostUnanswered = 3;
}

GasLimits::GasLimits(eth::Rpc& rpc, Address wallet, unsigned margin_percent)
    : rpc_(rpc), wallet_(wallet), margin_percent_(margin_percent) {}

GasLimits::Shape GasLimits::shape_of(const Intent& intent) {
    const auto selector = std::min<std::size_t>(4, intent.data.size());
    return {intent.to,
            Bytes(intent.data.begin(), intent.data.begin() + static_cast<std::ptrdiff_t>(selector)),
            intent.data.size(), intent.value != 0};
}

eth::CallRequest GasLimits::request_of(const Intent& intent) const {
    return {wallet_, intent.to, intent.data, intent.value};
}

GasLimits::Verdict GasLimits::estimate(const Intent& intent) {
    try {
        const auto gas = rpc_.estimate_gas(request_of(intent));
        auto& known = known_[shape_of(intent)];
        known = std::max(known, gas + gas * margin_percent_ / 100);
        return {.limit = known};
    } catch (const eth::RpcError& error) {
        return error.is_revert() ? Verdict{.reverts = revert_reason(error)}
                                 : Verdict{.unanswered = error.what()};
    } catch (const eth::BadAnswer& error) {
        if (!eth::is_useless_answer(error)) {
            throw;
        }
        return {.unanswered = error.what()};
    }
}

std::vector<GasLimits::Verdict> GasLimits::check(const std::vector<Intent>& intents) {
    std::vector<Verdict> out(intents.size());
    int unanswered = 0;
    std::string why;
    // After several estimates in a row without an answer, the remaining ones of this pass are skipped.
    const auto try_estimate = [&](const Intent& intent) {
        if (unanswered >= kMostUnanswered) {
            return Verdict{.unanswered = why};
        }
        auto verdict = estimate(intent);
        why = verdict.unanswered;
        unanswered = why.empty() ? 0 : unanswered + 1;
        return verdict;
    };
    std::vector<std::size_t> called;
    std::vector<eth::CallRequest> requests;
    for (std::size_t i = 0; i < intents.size(); ++i) {
        const auto known = known_.find(shape_of(intents[i]));
        if (known == known_.end()) {
            out[i] = try_estimate(intents[i]);
            continue;
        }
        out[i].limit = known->second;
        called.push_back(i);
        requests.push_back(request_of(intents[i]));
        requests.back().gas = known->second;
    }
    const auto outcomes = rpc_.calls(requests, eth::BlockSpec(eth::Tag::kLatest));
    for (std::size_t i = 0; i < called.size(); ++i) {
        if (outcomes[i].error) {
            out[called[i]] = try_estimate(intents[called[i]]);
        }
    }
    return out;
}

}  // namespace lamda::txsender
