#include "pgledger/intent_locks.hpp"

#include "store/values.hpp"

namespace lamda::pgledger {

using txsender::IntentState;

bool LockedIntent::waits() const {
    return !nonce && (state == txsender::IntentState::kPending || state == txsender::IntentState::kParked);
}

bool LockedIntent::is_open() const {
    return state != txsender::IntentState::kDone && state != txsender::IntentState::kFailed;
}

bool LockedIntent::in_flight_at(std::uint64_t at) const {
    return nonce == at && (state == txsender::IntentState::kAllocated ||
                           state == txsender::IntentState::kSent || state == txsender::IntentState::kMined);
}

std::map<std::string, LockedIntent> lock_intents(store::Txn& txn, ChainId chain, const Address& wallet,
                                                 const std::vector<std::string>& keys) {
    std::map<std::string, LockedIntent> out;
    for (const auto& row :
         txn.exec("SELECT id, key, state, nonce, wish FROM chain.intent WHERE chain_id = $1 AND wallet = $2 "
                  "AND key = ANY ($3::text[]) ORDER BY id FOR NO KEY UPDATE",
                  {chain.value, wallet, store::array_of(keys)})) {
        LockedIntent one;
        one.id = row.get<std::int64_t>("id");
        one.state = txsender::parse_intent_state(row.get<std::string>("state")).value();
        one.nonce = row.maybe<std::uint64_t>("nonce");
        if (const auto operator_request = row.maybe<std::string>("wish")) {
            one.operator_request = txsender::parse_operator_request(*operator_request).value();
        }
        out.emplace(row.get<std::string>("key"), one);
    }
    return out;
}

}  // namespace lamda::pgledger
