// Locks rows of chain.intent while a change of them is decided.
#pragma once

#include <functional>
#include <map>

#include "store/database.hpp"
#include "txsender/tx_queue.hpp"

namespace lamda::pgledger {

struct LockedIntent {
    std::int64_t id = 0;
    txsender::IntentState state{};
    std::optional<std::uint64_t> nonce;
    std::optional<txsender::OperatorRequest> operator_request;

    /// Pending or parked, without a nonce.
    bool waits() const;
    /// Neither done nor failed.
    bool is_open() const;
    /// Neither done nor failed.
    bool in_flight_at(std::uint64_t at) const;
};

/// Locks a wallet's intents that have these keys until the transaction ends; the result is by key. Rows are
/// found by key and changed by id. SQL does not filter by state: with stale statistics the planner assumes
/// that the partial indexes of rows in flight are empty, and scans them for each change.
std::map<std::string, LockedIntent> lock_intents(store::Txn& txn, ChainId chain, const Address& wallet,
                                                 const std::vector<std::string>& keys);

/// The subset of `named` whose locked row satisfies `may`.
template <class Named>
struct Chosen {
    std::vector<bool> chosen;       ///< for each of `named`: true if chosen
    std::vector<Named> named;       ///< the chosen ones
    std::vector<std::int64_t> ids;  ///< ids of their rows
};
template <class Named, class Key, class May>
Chosen<Named> choose(const std::map<std::string, LockedIntent>& locked, const std::vector<Named>& named,
                     Key key, const May& may) {
    Chosen<Named> out;
    for (const auto& one : named) {
        const auto row = locked.find(std::invoke(key, one));
        out.chosen.push_back(row != locked.end() && may(row->second, one));
        if (out.chosen.back()) {
            out.named.push_back(one);
            out.ids.push_back(row->second.id);
        }
    }
    return out;
}

}  // namespace lamda::pgledger
