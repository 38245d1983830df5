// Rows of chain.intent, held while what becomes of them is decided.
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
    /// Allocated, sent or mined, at that nonce.
    bool in_flight_at(std::uint64_t at) const;
};

/// Locks those of a wallet that have these keys, until the transaction ends; by key. They are found by their
/// keys and changed by their ids, with no word of their state in SQL: a planner whose statistics are of
/// another hour takes the indexes of what is in flight for empty, and reads all of them for each change.
std::map<std::string, LockedIntent> lock_intents(store::Txn& txn, ChainId chain, const Address& wallet,
                                                 const std::vector<std::string>& keys);

/// Of the named ones those for which `may` says so of their row.
template <class Named>
struct Chosen {
    std::vector<bool> whether;      ///< for each of the named ones
    std::vector<Named> named;       ///< those that were chosen
    std::vector<std::int64_t> ids;  ///< of their rows
};
template <class Named, class Key, class May>
Chosen<Named> choose(const std::map<std::string, LockedIntent>& locked, const std::vector<Named>& named,
                     Key key, const May& may) {
    Chosen<Named> out;
    for (const auto& one : named) {
        const auto row = locked.find(std::invoke(key, one));
        out.whether.push_back(row != locked.end() && may(row->second, one));
        if (out.whether.back()) {
            out.named.push_back(one);
            out.ids.push_back(row->second.id);
        }
    }
    return out;
}

}  // namespace lamda::pgledger
