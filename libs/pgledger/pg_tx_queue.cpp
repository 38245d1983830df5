#include "pgledger/pg_tx_queue.hpp"

#include <algorithm>
#include <set>

#include "pgledger/detail/intent_rows.hpp"
#include "store/values.hpp"

namespace lamda::pgledger {

namespace {

/// Lets the commit return before it is on disk. For changes that the commit of store() makes durable, and
/// for changes that a restart derives again: an allocation that is lost was never signed for, and a
/// transaction that is not known to be sent is sent again, unchanged.
void do_not_wait_for_disk(store::Txn& txn) {
    txn.exec("SET LOCAL synchronous_commit = off");
}

/// Restricts every statement to this chain and wallet.
constexpr auto kMine = "i.chain_id = $1 AND i.wallet = $2";

constexpr auto kItself = std::identity();

/// Returns the nonces from `first` on that are in flight without an allocation here. Removes the nonce of
/// rows that are not in flight.
std::set<std::uint64_t> held_from(store::Txn& txn, ChainId chain, const Address& wallet,
                                  std::uint64_t first) {
    std::set<std::uint64_t> out;
    bool others = false;
    for (const auto& row :
         txn.exec("SELECT state IN ('allocated', 'sent', 'mined') AS flies, nonce FROM chain.intent "
                  "WHERE chain_id = $1 AND wallet = $2 AND nonce >= $3::bigint",
                  {chain.value, wallet, first})) {
        if (row.get<bool>("flies")) {
            out.insert(row.get<std::uint64_t>("nonce"));
        } else {
            others = true;
        }
    }
    if (others) {
        txn.exec(
            "UPDATE chain.intent SET nonce = NULL WHERE chain_id = $1 AND wallet = $2 "
            "AND nonce >= $3::bigint AND state NOT IN ('allocated', 'sent', 'mined')",
            {chain.value, wallet, first});
    }
    return out;
}

}  // namespace

std::size_t put_intents(store::Txn& txn, const Address& wallet, ChainId chain,
                        const std::vector<txsender::Intent>& intents) {
    if (intents.empty()) {
        return 0;
    }
    txn.exec("INSERT INTO chain.wallet (chain_id, address) VALUES ($1, $2) ON CONFLICT DO NOTHING",
             {chain.value, wallet});
    return txn
        .exec(
            "INSERT INTO chain.intent (chain_id, wallet, key, recipient, value, data, on_revert) "
            "SELECT $1, $2, n.key, n.recipient, n.value, n.data, n.on_revert "
            "FROM unnest($3::text[], $4::bytea[], $5::numeric[], $6::bytea[], $7::text[]) "
            "WITH ORDINALITY AS n (key, recipient, value, data, on_revert, place) ORDER BY n.place "
            "ON CONFLICT (chain_id, wallet, key) DO NOTHING",
            {chain.value, wallet, store::array_of(intents, &txsender::Intent::key),
             store::array_of(intents, &txsender::Intent::to),
             store::array_of(intents, &txsender::Intent::value),
             store::array_of(intents, &txsender::Intent::data),
             store::array_of(intents, [](const auto& intent) { return to_string(intent.on_revert); })})
        .affected();
}

PgTxQueue::PgTxQueue(store::Database& database, Address wallet, ChainId chain)
    : database_(database), wallet_(wallet), chain_(chain) {}

std::vector<txsender::TxQueueEntry> PgTxQueue::in_flight(const txsender::ChainLook& look, std::size_t most) {
    const auto some = [](const std::string& which) {
        return "(SELECT " + intent_columns() + " FROM chain.intent i WHERE " + kMine + " AND " + which +
               " ORDER BY i.nonce LIMIT $3)";
    };
    return database_.transact([&](store::Txn& txn) {
        return entries_of(
            txn,
            txn.exec(some("i.state IN ('allocated', 'sent') AND i.nonce < $4") + " UNION ALL " +
                         some("i.state IN ('allocated', 'sent') AND i.nonce >= $4") + " UNION ALL " +
                         some("i.state = 'mined' AND (i.nonce >= $4 OR i.mined_block <= $5)") +
                         " ORDER BY nonce",
                     {chain_.value, wallet_, static_cast<std::uint64_t>(most), look.used, look.finalized}));
    });
}

std::vector<txsender::TxQueueEntry> PgTxQueue::waiting(std::size_t most) {
    const auto some = [](const std::string& state, const std::string& order) {
        return "(SELECT " + intent_columns() + " FROM chain.intent i WHERE " + kMine + " AND i.state = '" +
               state + "' AND i.nonce IS NULL ORDER BY " + order + " LIMIT $3)";
    };
    return database_.transact([&](store::Txn& txn) {
        const auto read = [&](const std::string& sql, std::size_t limit) {
            return entries_of(txn, txn.exec(sql, {chain_.value, wallet_, static_cast<std::uint64_t>(limit)}));
        };
        auto out = read(some("pending", "i.id"), most);
        if (out.size() < most) {
            auto parked = read(some("parked", "i.updated_at, i.id"), most - out.size());
            std::move(parked.begin(), parked.end(), std::back_inserter(out));
        }
        return out;
    });
}

std::optional<std::uint64_t> PgTxQueue::next_nonce() {
    return database_.transact([&](store::Txn& txn) -> std::optional<std::uint64_t> {
        const auto row = txn.first("SELECT next_nonce FROM chain.wallet WHERE chain_id = $1 AND address = $2",
                                   {chain_.value, wallet_});
        return row ? row->maybe<std::uint64_t>("next_nonce") : std::nullopt;
    });
}

U256 PgTxQueue::spent_since(Timestamp since) {
    return database_.transact([&](store::Txn& txn) {
        const U256 paid = txn.one(
                                 "SELECT least(coalesce(sum(i.paid + i.paid_before), 0), 1e76::numeric) AS "
                                 "wei FROM chain.intent i WHERE " +
                                     std::string(kMine) + " AND i.mined_at >= $3",
                                 {chain_.value, wallet_, since})
                              .get<U256>("wei");
        const U256 open =
            txn.one(
                   "SELECT least(coalesce(sum(i.gas_limit * (SELECT max(t.max_fee) FROM "
                   "chain.tx t WHERE t.intent_id = i.id "
                   "AND t.nonce = i.nonce)), 0), 1e76::numeric) AS wei FROM chain.intent i WHERE " +
                       std::string(kMine) + " AND i.state IN ('allocated', 'sent')",
                   {chain_.value, wallet_})
                .get<U256>("wei");
        return U256(paid + open);
    });
}

std::vector<std::optional<std::uint64_t>> PgTxQueue::allocate(const std::vector<txsender::Allocation>& wanted,
                                                              std::uint64_t at_least) {
    return database_.transact([&](store::Txn& txn) {
        do_not_wait_for_disk(txn);
        std::vector<std::optional<std::uint64_t>> out(wanted.size());
        const auto wallet = txn.first(
            "SELECT next_nonce FROM chain.wallet WHERE chain_id = $1 AND address = $2 FOR NO KEY UPDATE",
            {chain_.value, wallet_});
        if (!wallet) {
            return out;  // no wallet row: no intents either
        }
        // Locks before counting: nonces must have no gaps.
        const auto locked = lock(txn, wanted, &txsender::Allocation::key);
        auto next = std::max(wallet->maybe<std::uint64_t>("next_nonce").value_or(0), at_least);
        const auto held = held_from(txn, chain_, wallet_, next);
        std::set<std::string> seen;
        const auto given = choose(locked, wanted, &txsender::Allocation::key,
                                  [&](const LockedIntent& row, const txsender::Allocation& one) {
                                      return row.waits() &&
                                             row.operator_request != txsender::OperatorRequest::kCancel &&
                                             seen.insert(one.key).second;
                                  });
        if (given.ids.empty()) {
            return out;
        }
        std::vector<std::uint64_t> nonces;
        for (std::size_t i = 0; i < wanted.size(); ++i) {
            if (given.chosen[i]) {
                while (held.contains(next)) {
                    ++next;
                }
                out[i] = next;
                nonces.push_back(next++);
            }
        }
        txn.exec(
            "UPDATE chain.intent i SET state = 'allocated', nonce = g.nonce, gas_limit = g.gas_limit, reason "
            "= '', updated_at = now() "
            "FROM unnest($1::bigint[], $2::bigint[], $3::numeric[]) AS g (id, nonce, gas_limit) "
            "WHERE i.id = g.id",
            {store::array_of(given.ids), store::array_of(nonces),
             store::array_of(given.named, &txsender::Allocation::gas_limit)});
        txn.exec("UPDATE chain.wallet SET next_nonce = $3 WHERE chain_id = $1 AND address = $2",
                 {chain_.value, wallet_, next});
        return out;
    });
}

bool PgTxQueue::fill(std::uint64_t nonce, const Address& wallet, std::uint64_t gas_limit) {
    return database_.transact([&](store::Txn& txn) {
        txn.exec("SELECT 1 FROM chain.wallet WHERE chain_id = $1 AND address = $2 FOR NO KEY UPDATE",
                 {chain_.value, wallet_});
        const bool added =
            txn.exec(
                   "INSERT INTO chain.intent (chain_id, wallet, key, recipient, value, data, state, "
                   "nonce, gas_limit) SELECT $1, $2, $3, $4, 0, '', 'allocated', $5::bigint, $6 "
                   "WHERE NOT EXISTS (SELECT 1 FROM chain.intent i WHERE i.chain_id = $1 "
                   "AND i.wallet = $2 AND i.nonce = $5::bigint) "
                   "ON CONFLICT (chain_id, wallet, key) DO NOTHING",
                   {chain_.value, wallet_, txsender::fill_key(nonce), wallet, nonce, gas_limit})
                .affected() == 1;
        if (added) {
            txn.exec(
                "UPDATE chain.wallet SET next_nonce = greatest(next_nonce, $3) WHERE chain_id = $1 AND "
                "address = $2",
                {chain_.value, wallet_, nonce + 1});
        }
        return added;
    });
}

std::vector<bool> PgTxQueue::store(const std::vector<txsender::NewTx>& txs) {
    return database_.transact([&](store::Txn& txn) {
        const auto locked = lock(txn, txs, &txsender::NewTx::key);
        const auto kept = choose(
            locked, txs, &txsender::NewTx::key,
            [](const LockedIntent& row, const txsender::NewTx& one) { return row.in_flight_at(one.nonce); });
        const auto column = [&](auto get) { return store::array_of(kept.named, get); };
        txn.exec(
            "INSERT INTO chain.tx (intent_id, nonce, hash, raw, legacy, max_fee, max_priority_fee, "
            "stored_at, cancels) "
            "SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bytea[], $4::bytea[], $5::boolean[], "
            "$6::numeric[], $7::numeric[], $8::timestamptz[], $9::boolean[]) ON CONFLICT (hash) DO NOTHING",
            {store::array_of(kept.ids), column(&txsender::NewTx::nonce),
             column([](const auto& one) { return one.tx.hash; }),
             column([](const auto& one) { return one.tx.raw; }),
             column([](const auto& one) { return one.tx.fee.legacy; }),
             column([](const auto& one) { return one.tx.fee.max_fee; }),
             column([](const auto& one) { return one.tx.fee.max_priority_fee; }),
             column([](const auto& one) { return one.tx.stored_at; }),
             column([](const auto& one) { return one.tx.cancels; })});
        const bool requested = std::any_of(locked.begin(), locked.end(),
                                           [](const auto& row) { return row.second.operator_request; });
        if (requested) {
            txn.exec("UPDATE chain.intent SET wish = NULL WHERE id = ANY ($1::bigint[])",
                     {store::array_of(kept.ids)});
        }
        return kept.chosen;
    });
}

// Each change names the states that it applies to: a repeated or late change has no effect.

void PgTxQueue::park(const std::vector<txsender::Parked>& parked) {
    database_.transact([&](store::Txn& txn) {
        const auto some =
            choose(lock(txn, parked, &txsender::Parked::key), parked, &txsender::Parked::key,
                   [](const LockedIntent& row, const txsender::Parked&) { return row.waits(); });
        txn.exec(
            "UPDATE chain.intent i SET state = 'parked', reason = p.reason, updated_at = now() "
            "FROM unnest($1::bigint[], $2::text[]) AS p (id, reason) WHERE i.id = p.id",
            {store::array_of(some.ids),
             store::array_of(some.named, [](const auto& one) { return store::storable(one.reason); })});
    });
}

void PgTxQueue::mark_sent(const std::vector<std::string>& keys) {
    database_.transact([&](store::Txn& txn) {
        do_not_wait_for_disk(txn);
        const auto some =
            choose(lock(txn, keys, kItself), keys, kItself, [](const LockedIntent& row, const std::string&) {
                return row.state == txsender::IntentState::kAllocated;
            });
        txn.exec("UPDATE chain.intent SET state = 'sent', updated_at = now() WHERE id = ANY ($1::bigint[])",
                 {store::array_of(some.ids)});
    });
}

void PgTxQueue::mark(const std::string& state, const std::vector<txsender::MinedTx>& txs,
                     const std::function<bool(const LockedIntent&, const txsender::MinedTx&)>& may) {
    database_.transact([&](store::Txn& txn) {
        const auto some = choose(lock(txn, txs, &txsender::MinedTx::key), txs, &txsender::MinedTx::key, may);
        const auto column = [&](auto get) { return store::array_of(some.named, get); };
        txn.exec(
            "UPDATE chain.intent i SET state = $6, mined_tx = m.tx, mined_block = m.number, mined_hash = "
            "m.hash, reason = '', updated_at = now(), paid = m.paid, "
            "mined_at = CASE WHEN i.mined_tx = m.tx THEN i.mined_at ELSE now() END "
            "FROM unnest($1::bigint[], $2::bytea[], $3::bigint[], $4::bytea[], $5::numeric[]) "
            "AS m (id, tx, number, hash, paid) WHERE i.id = m.id",
            {store::array_of(some.ids), column(&txsender::MinedTx::tx),
             column([](const auto& one) { return one.block.number; }),
             column([](const auto& one) { return one.block.hash; }), column(&txsender::MinedTx::paid),
             state});
    });
}

void PgTxQueue::mark_mined(const std::vector<txsender::MinedTx>& mined) {
    mark("mined", mined,
         [](const LockedIntent& row, const txsender::MinedTx& one) { return row.in_flight_at(one.nonce); });
}

void PgTxQueue::mark_done(const std::vector<txsender::MinedTx>& done) {
    mark("done", done, [](const LockedIntent& row, const txsender::MinedTx& one) {
        return row.is_open() && row.nonce == one.nonce;
    });
}

void PgTxQueue::mark_unmined(const std::vector<std::string>& keys) {
    database_.transact([&](store::Txn& txn) {
        const auto some =
            choose(lock(txn, keys, kItself), keys, kItself, [](const LockedIntent& row, const std::string&) {
                return row.state == txsender::IntentState::kMined;
            });
        txn.exec(
            "UPDATE chain.intent SET state = 'sent', mined_tx = NULL, mined_block = NULL, mined_hash = NULL, "
            "paid = 0, updated_at = now() WHERE id = ANY ($1::bigint[])",
            {store::array_of(some.ids)});
    });
}

void PgTxQueue::mark_failed(const std::string& key, std::optional<std::uint64_t> nonce,
                            const std::string& reason) {
    database_.transact([&](store::Txn& txn) {
        const std::vector keys{key};
        const auto one = choose(
            lock(txn, keys, kItself), keys, kItself,
            [&](const LockedIntent& row, const std::string&) { return row.is_open() && row.nonce == nonce; });
        txn.exec(
            "UPDATE chain.intent SET state = 'failed', reason = $2, wish = NULL, updated_at = now() "
            "WHERE id = ANY ($1::bigint[])",
            {store::array_of(one.ids), store::storable(reason)});
    });
}

void PgTxQueue::release_nonce(const std::string& key, std::uint64_t nonce, const std::string& reason,
                              bool reverted) {
    database_.transact([&](store::Txn& txn) {
        const std::vector keys{key};
        const auto one =
            choose(lock(txn, keys, kItself), keys, kItself,
                   [&](const LockedIntent& row, const std::string&) { return row.in_flight_at(nonce); });
        txn.exec(
            "UPDATE chain.intent SET state = 'pending', nonce = NULL, gas_limit = NULL, mined_tx = NULL, "
            "mined_block = NULL, mined_hash = NULL, reason = $2, reverts = reverts + $3, "
            "paid_before = paid_before + paid, paid = 0, updated_at = now() WHERE id = ANY ($1::bigint[])",
            {store::array_of(one.ids), store::storable(reason), reverted ? 1 : 0});
    });
}

}  // namespace lamda::pgledger
