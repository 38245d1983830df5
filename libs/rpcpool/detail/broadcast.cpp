#include "rpcpool/detail/broadcast.hpp"

namespace lamda::rpcpool {

namespace {

/// Adds the result of one endpoint: accepted stays accepted, the last refusal is kept.
void merge(eth::SendOutcome& outcome, bool& accepted, const std::exception_ptr& error) {
    try {
        if (error) {
            std::rethrow_exception(error);
        }
        accepted = true;
        outcome.refusal.clear();
    } catch (const std::exception& refusal) {
        if (!accepted) {
            outcome = eth::SendOutcome::refused(refusal.what());
        }
    }
}

void note(Endpoints& endpoints, std::size_t endpoint, const std::exception_ptr& error) {
    try {
        std::rethrow_exception(error);
    } catch (const eth::RpcError&) {  // the endpoint takes no batches
    } catch (const std::exception& failure) {
        endpoints.failed(endpoint, failure);
    }
}

}  // namespace

/// Result of the batch at one endpoint.
struct Broadcast::EndpointResult {
    std::size_t endpoint = 0;
    std::vector<TxHash> hashes;
    std::vector<std::exception_ptr> errors;
};

Broadcast::Broadcast(const std::vector<Bytes>& raws, Endpoints& endpoints, net::Transport& transport,
                     const Clock& clock, Millis timeout)
    : endpoints_(endpoints), clock_(clock), timeout_(timeout), count_(raws.size()), pending_(transport) {
    for (const auto endpoint : endpoints.candidates()) {
        if (!endpoints.checked(endpoint)) {
            continue;
        }
        auto result =
            std::make_unique<EndpointResult>(EndpointResult{endpoint, std::vector<TxHash>(raws.size()), {}});
        std::vector<eth::RpcCall> parts;
        parts.reserve(raws.size());
        for (std::size_t i = 0; i < raws.size(); ++i) {
            parts.push_back(eth::rpc_calls::send_raw_transaction(raws[i], result->hashes[i]));
        }
        const auto id = pending_.ask(endpoints.url(endpoint), timeout,
                                     eth::rpc_calls::all(std::move(parts), result->errors));
        under_way_.emplace(id, std::move(result));
    }
}

Broadcast::~Broadcast() = default;

std::vector<eth::SendOutcome> Broadcast::outcomes() {
    std::vector<eth::SendOutcome> outcomes;
    std::vector<bool> accepted(count_);
    auto deadline = clock_.steady() + 2 * timeout_;
    while (!under_way_.empty() && clock_.steady() < deadline) {
        const auto answered = pending_.next(deadline);
        if (!answered) {
            continue;
        }
        const auto result = under_way_.extract(answered->id);
        if (answered->error) {
            note(endpoints_, result.mapped()->endpoint, answered->error);
            continue;
        }
        if (outcomes.empty()) {
            outcomes.resize(count_);
            deadline = std::min(deadline, clock_.steady() + kBroadcastGrace);
        }
        for (std::size_t i = 0; i < count_; ++i) {
            bool now_accepted = accepted[i];
            merge(outcomes[i], now_accepted, result.mapped()->errors[i]);
            accepted[i] = now_accepted;
        }
    }
    return outcomes;
}

}  // namespace lamda::rpcpool
