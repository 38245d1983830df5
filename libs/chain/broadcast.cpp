#include "chain/broadcast.hpp"

#include <map>
#include <memory>

#include "eth/conversation.hpp"

namespace lamda::chain {

namespace {

/// What one endpoint makes of the batch.
struct Told {
    std::size_t endpoint = 0;
    std::vector<TxHash> hashes;
    std::vector<std::exception_ptr> errors;
};

/// Accepted stays accepted; of refusals the last one is kept.
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
    } catch (const eth::RpcError&) {  // it takes no batches
    } catch (const std::exception& failure) {
        endpoints.failed(endpoint, failure);
    }
}

}  // namespace

std::vector<eth::SendOutcome> broadcast(const std::vector<Bytes>& raws, Endpoints& endpoints,
                                        net::Transport& transport, const Clock& clock, Millis timeout) {
    eth::Conversation talk(transport);
    std::map<eth::Conversation::Id, std::unique_ptr<Told>> under_way;
    for (const auto endpoint : endpoints.candidates()) {
        if (!endpoints.checked(endpoint)) {
            continue;
        }
        auto told = std::make_unique<Told>(Told{endpoint, std::vector<TxHash>(raws.size()), {}});
        std::vector<eth::Question> parts;
        for (std::size_t i = 0; i < raws.size(); ++i) {
            parts.push_back(eth::questions::send_raw_transaction(raws[i], told->hashes[i]));
        }
        const auto id =
            talk.ask(endpoints.url(endpoint), timeout, eth::questions::all(std::move(parts), told->errors));
        under_way.emplace(id, std::move(told));
    }
    std::vector<eth::SendOutcome> outcomes;
    std::vector<bool> accepted(raws.size());
    auto patience = clock.steady() + 2 * timeout;
    while (!under_way.empty() && clock.steady() < patience) {
        const auto answered = talk.next(patience);
        if (!answered) {
            continue;
        }
        const auto told = under_way.extract(answered->id);
        if (answered->error) {
            note(endpoints, told.mapped()->endpoint, answered->error);
            continue;
        }
        if (outcomes.empty()) {
            outcomes.resize(raws.size());
            patience = std::min(patience, clock.steady() + kBroadcastGrace);
        }
        for (std::size_t i = 0; i < raws.size(); ++i) {
            bool is_in = accepted[i];
            merge(outcomes[i], is_in, told.mapped()->errors[i]);
            accepted[i] = is_in;
        }
    }
    return outcomes;
}

}  // namespace lamda::chain
