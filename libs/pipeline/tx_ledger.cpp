#include "pipeline/tx_ledger.hpp"

#include <algorithm>
#include <map>

#include "store/values.hpp"

namespace lamda::pipeline {

namespace {

chain::LedgerEntry entry_of(const store::Row& row) {
    chain::LedgerEntry out;
    out.intent.key = row.get<std::string>("key");
    out.intent.to = row.get<Address>("recipient");
    out.intent.value = row.get<U256>("value");
    out.intent.data = row.get<Bytes>("data");
    out.intent.on_revert = chain::parse_on_revert(row.get<std::string>("on_revert")).value();
    out.state = chain::parse_intent_state(row.get<std::string>("state")).value();
    out.nonce = row.maybe<std::uint64_t>("nonce");
    out.gas_limit = row.maybe<std::uint64_t>("gas_limit");
    out.reason = row.get<std::string>("reason");
    out.mined_tx = row.maybe<TxHash>("mined_tx");
    if (!row.is_null("mined_block") && !row.is_null("mined_hash")) {
        out.mined_in = BlockRef{row.get<BlockNum>("mined_block"), row.get<BlockHash>("mined_hash")};
    }
    if (const auto wish = row.maybe<std::string>("wish")) {
        out.wish = chain::parse_wish(*wish).value();
    }
    out.reverts = row.get<std::uint32_t>("reverts");
    out.updated_at = row.get<Timestamp>("updated_at");
    return out;
}

/// Each row of chain.intent with its signed forms.
std::vector<chain::LedgerEntry> entries_of(store::Txn& txn, const store::Rows& rows) {
    std::vector<chain::LedgerEntry> out;
    std::map<std::int64_t, std::size_t> index;
    for (const auto& row : rows) {
        index[row.get<std::int64_t>("id")] = out.size();
        out.push_back(entry_of(row));
    }
    std::vector<std::int64_t> ids;
    for (const auto& [id, place] : index) {
        if (out[place].nonce) {
            ids.push_back(id);
        }
    }
    if (ids.empty()) {
        return out;
    }
    // Without a join: a planner whose statistics are of another hour reads one ledger for each row of the
    // other.
    for (const auto& row :
         txn.exec("SELECT intent_id, nonce, hash, raw, legacy, max_fee, max_priority_fee, stored_at, cancels "
                  "FROM chain.tx WHERE intent_id = ANY ($1::bigint[]) ORDER BY intent_id, stored_at, max_fee",
                  {store::array_of(ids)})) {
        auto& entry = out[index.at(row.get<std::int64_t>("intent_id"))];
        // An intent that gave a nonce up keeps the old bytes for the record alone.
        if (entry.nonce != row.get<std::uint64_t>("nonce")) {
            continue;
        }
        chain::StoredTx tx;
        tx.hash = row.get<TxHash>("hash");
        tx.raw = row.get<Bytes>("raw");
        tx.fee = {row.get<bool>("legacy"), row.get<U256>("max_fee"), row.get<U256>("max_priority_fee")};
        tx.stored_at = row.get<Timestamp>("stored_at");
        tx.cancels = row.get<bool>("cancels");
        entry.txs.push_back(std::move(tx));
    }
    return out;
}

/// Lets the commit return before it is on disk. For what store() makes durable with its own commit, and for
/// what a restart finds out again: an allocation that is lost was never signed for, and what is not known to
/// be sent goes out once more, unchanged.
void do_not_wait_for_disk(store::Txn& txn) {
    txn.exec("SET LOCAL synchronous_commit = off");
}

/// What every change is limited to. Changes of several intents at once join them by their keys, and name the
/// keys beside that: else a planner without statistics reads the wallet's whole ledger against each.
constexpr auto kMine = "i.chain_id = $1 AND i.wallet = $2";

}  // namespace

std::size_t put_intents(store::Txn& txn, const Address& wallet, ChainId chain,
                        const std::vector<chain::Intent>& intents) {
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
            {chain.value, wallet, store::array_of(intents, &chain::Intent::key),
             store::array_of(intents, &chain::Intent::to), store::array_of(intents, &chain::Intent::value),
             store::array_of(intents, &chain::Intent::data),
             store::array_of(intents, [](const auto& intent) { return to_string(intent.on_revert); })})
        .affected();
}

PgTxLedger::PgTxLedger(store::Database& database, Address wallet, ChainId chain)
    : database_(database), wallet_(wallet), chain_(chain) {}

std::vector<chain::LedgerEntry> PgTxLedger::in_flight(const chain::ChainLook& look, std::size_t most) {
    const auto some = [](const std::string& which) {
        return "(SELECT i.* FROM chain.intent i WHERE " + std::string(kMine) + " AND " + which +
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

std::vector<chain::LedgerEntry> PgTxLedger::waiting(std::size_t most) {
    return database_.transact([&](store::Txn& txn) {
        return entries_of(
            txn, txn.exec("SELECT i.* FROM chain.intent i WHERE " + std::string(kMine) +
                              " AND i.nonce IS NULL AND i.state IN ('pending', 'parked') ORDER BY i.state = "
                              "'parked', CASE WHEN i.state = 'parked' THEN i.updated_at END, i.id LIMIT $3",
                          {chain_.value, wallet_, static_cast<std::uint64_t>(most)}));
    });
}

std::optional<std::uint64_t> PgTxLedger::next_nonce() {
    return database_.transact([&](store::Txn& txn) -> std::optional<std::uint64_t> {
        const auto row = txn.first("SELECT next_nonce FROM chain.wallet WHERE chain_id = $1 AND address = $2",
                                   {chain_.value, wallet_});
        return row ? row->maybe<std::uint64_t>("next_nonce") : std::nullopt;
    });
}

U256 PgTxLedger::spent_since(Timestamp since) {
    return database_.transact([&](store::Txn& txn) {
        const U256 paid =
            txn.one("SELECT coalesce(sum(i.paid + i.paid_before), 0) AS wei FROM chain.intent i WHERE " +
                        std::string(kMine) + " AND i.mined_at >= $3",
                    {chain_.value, wallet_, since})
                .get<U256>("wei");
        const U256 open = txn.one(
                                 "SELECT coalesce(sum(i.gas_limit * (SELECT max(t.max_fee) FROM chain.tx t "
                                 "WHERE t.intent_id = i.id "
                                 "AND t.nonce = i.nonce)), 0) AS wei FROM chain.intent i WHERE " +
                                     std::string(kMine) + " AND i.state IN ('allocated', 'sent')",
                                 {chain_.value, wallet_})
                              .get<U256>("wei");
        return U256(paid + open);
    });
}

std::vector<std::optional<std::uint64_t>> PgTxLedger::allocate(const std::vector<chain::Allocation>& wanted,
                                                               std::uint64_t at_least) {
    return database_.transact([&](store::Txn& txn) {
        do_not_wait_for_disk(txn);
        std::vector<std::optional<std::uint64_t>> out(wanted.size());
        const auto wallet = txn.first(
            "SELECT next_nonce FROM chain.wallet WHERE chain_id = $1 AND address = $2 FOR NO KEY UPDATE",
            {chain_.value, wallet_});
        if (!wallet) {
            return out;  // no wallet, no intent
        }
        // Locked before they are counted: the nonces are to have no gaps.
        std::map<std::string, std::size_t> place;
        for (std::size_t i = 0; i < wanted.size(); ++i) {
            place.emplace(wanted[i].key, i);
        }
        std::vector<bool> free(wanted.size());
        for (const auto& row : txn.exec(
                 "SELECT i.key FROM chain.intent i WHERE " + std::string(kMine) +
                     " AND i.key = ANY ($3::text[]) AND i.nonce IS NULL AND i.state IN ('pending', 'parked') "
                     "AND i.wish IS DISTINCT FROM 'cancel' ORDER BY i.id FOR NO KEY UPDATE",
                 {chain_.value, wallet_, store::array_of(wanted, &chain::Allocation::key)})) {
            free[place.at(row.get<std::string>("key"))] = true;
        }
        auto next = std::max(wallet->maybe<std::uint64_t>("next_nonce").value_or(0), at_least);
        struct Given {
            std::string key;
            std::uint64_t nonce;
            std::uint64_t gas_limit;
        };
        std::vector<Given> given;
        for (std::size_t i = 0; i < wanted.size(); ++i) {
            if (free[i]) {
                out[i] = next;
                given.push_back({wanted[i].key, next++, wanted[i].gas_limit});
            }
        }
        if (given.empty()) {
            return out;
        }
        txn.exec(
            "UPDATE chain.intent i SET state = 'allocated', nonce = g.nonce, gas_limit = g.gas_limit, reason "
            "= '', "
            "updated_at = now() FROM unnest($3::text[], $4::bigint[], $5::numeric[]) AS g (key, nonce, "
            "gas_limit) "
            "WHERE " +
                std::string(kMine) + " AND i.key = ANY ($3::text[]) AND i.key = g.key",
            {chain_.value, wallet_, store::array_of(given, &Given::key),
             store::array_of(given, &Given::nonce), store::array_of(given, &Given::gas_limit)});
        txn.exec("UPDATE chain.wallet SET next_nonce = $3 WHERE chain_id = $1 AND address = $2",
                 {chain_.value, wallet_, next});
        return out;
    });
}

bool PgTxLedger::fill(std::uint64_t nonce, const Address& wallet, std::uint64_t gas_limit) {
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
                   {chain_.value, wallet_, chain::fill_key(nonce), wallet, nonce, gas_limit})
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

std::vector<bool> PgTxLedger::store(const std::vector<chain::NewTx>& txs) {
    return database_.transact([&](store::Txn& txn) {
        std::map<std::pair<std::string, std::uint64_t>, std::int64_t> stands;
        for (const auto& row :
             txn.exec("SELECT i.id, i.key, i.nonce FROM chain.intent i JOIN unnest($3::text[], $4::bigint[]) "
                      "AS n (key, nonce) ON n.key = i.key AND n.nonce = i.nonce WHERE " +
                          std::string(kMine) +
                          " AND i.key = ANY ($3::text[]) AND i.state IN ('allocated', 'sent', 'mined') ORDER "
                          "BY i.id "
                          "FOR UPDATE OF i",
                      {chain_.value, wallet_, store::array_of(txs, &chain::NewTx::key),
                       store::array_of(txs, &chain::NewTx::nonce)})) {
            stands.emplace(std::pair(row.get<std::string>("key"), row.get<std::uint64_t>("nonce")),
                           row.get<std::int64_t>("id"));
        }
        std::vector<bool> out;
        std::vector<std::int64_t> ids;
        std::vector<const chain::NewTx*> kept;
        for (const auto& one : txs) {
            const auto found = stands.find({one.key, one.nonce});
            out.push_back(found != stands.end());
            if (found != stands.end()) {
                ids.push_back(found->second);
                kept.push_back(&one);
            }
        }
        const auto column = [&](auto get) { return store::array_of(kept, get); };
        txn.exec(
            "INSERT INTO chain.tx (intent_id, nonce, hash, raw, legacy, max_fee, max_priority_fee, "
            "stored_at, cancels) "
            "SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bytea[], $4::bytea[], $5::boolean[], "
            "$6::numeric[], "
            "$7::numeric[], $8::timestamptz[], $9::boolean[]) ON CONFLICT (hash) DO NOTHING",
            {store::array_of(ids), column([](const auto* one) { return one->nonce; }),
             column([](const auto* one) { return one->tx.hash; }),
             column([](const auto* one) { return one->tx.raw; }),
             column([](const auto* one) { return one->tx.fee.legacy; }),
             column([](const auto* one) { return one->tx.fee.max_fee; }),
             column([](const auto* one) { return one->tx.fee.max_priority_fee; }),
             column([](const auto* one) { return one->tx.stored_at; }),
             column([](const auto* one) { return one->tx.cancels; })});
        txn.exec("UPDATE chain.intent SET wish = NULL WHERE id = ANY ($1::bigint[]) AND wish IS NOT NULL",
                 {store::array_of(ids)});
        return out;
    });
}

// Each change says from which states it may come: repeated, or late, it changes nothing.

void PgTxLedger::park(const std::vector<chain::Parked>& parked) {
    database_.transact([&](store::Txn& txn) {
        txn.exec(
            "UPDATE chain.intent i SET state = 'parked', reason = p.reason, updated_at = now() "
            "FROM unnest($3::text[], $4::text[]) AS p (key, reason) WHERE " +
                std::string(kMine) +
                " AND i.key = ANY ($3::text[]) AND i.key = p.key AND i.nonce IS NULL AND i.state IN "
                "('pending', 'parked')",
            {chain_.value, wallet_, store::array_of(parked, &chain::Parked::key),
             store::array_of(parked, [](const auto& one) { return store::storable(one.reason); })});
    });
}

void PgTxLedger::mark_sent(const std::vector<std::string>& keys) {
    database_.transact([&](store::Txn& txn) {
        do_not_wait_for_disk(txn);
        txn.exec("UPDATE chain.intent i SET state = 'sent', updated_at = now() WHERE " + std::string(kMine) +
                     " AND i.key = ANY ($3::text[]) AND i.state = 'allocated'",
                 {chain_.value, wallet_, store::array_of(keys)});
    });
}

void PgTxLedger::mark(const std::string& state, const std::vector<chain::MinedTx>& txs,
                      const std::string& from_states) {
    database_.transact([&](store::Txn& txn) {
        const auto block = [](auto member) {
            return [member](const chain::MinedTx& one) { return one.block.*member; };
        };
        txn.exec("UPDATE chain.intent i SET state = '" + state +
                     "', mined_tx = m.tx, mined_block = m.number, mined_hash = m.hash, reason = '', "
                     "updated_at = now(), "
                     "paid = m.paid, mined_at = CASE WHEN i.mined_tx = m.tx THEN i.mined_at ELSE now() END "
                     "FROM unnest($3::text[], $4::bytea[], $5::bigint[], $6::bytea[], $7::numeric[], "
                     "$8::bigint[]) "
                     "AS m (key, tx, number, hash, paid, nonce) WHERE " +
                     std::string(kMine) +
                     " AND i.key = ANY ($3::text[]) AND i.key = m.key AND i.nonce = m.nonce AND " +
                     from_states,
                 {chain_.value, wallet_, store::array_of(txs, &chain::MinedTx::key),
                  store::array_of(txs, &chain::MinedTx::tx), store::array_of(txs, block(&BlockRef::number)),
                  store::array_of(txs, block(&BlockRef::hash)), store::array_of(txs, &chain::MinedTx::paid),
                  store::array_of(txs, &chain::MinedTx::nonce)});
    });
}

void PgTxLedger::mark_mined(const std::vector<chain::MinedTx>& mined) {
    mark("mined", mined, "i.state IN ('allocated', 'sent', 'mined')");
}

void PgTxLedger::mark_done(const std::vector<chain::MinedTx>& done) {
    mark("done", done, "i.state NOT IN ('done', 'failed')");
}

void PgTxLedger::mark_unmined(const std::vector<std::string>& keys) {
    database_.transact([&](store::Txn& txn) {
        txn.exec(
            "UPDATE chain.intent i SET state = 'sent', mined_tx = NULL, mined_block = NULL, mined_hash = "
            "NULL, "
            "paid = 0, updated_at = now() WHERE " +
                std::string(kMine) + " AND i.key = ANY ($3::text[]) AND i.state = 'mined'",
            {chain_.value, wallet_, store::array_of(keys)});
    });
}

void PgTxLedger::mark_failed(const std::string& key, std::optional<std::uint64_t> nonce,
                             const std::string& reason) {
    database_.transact([&](store::Txn& txn) {
        txn.exec(
            "UPDATE chain.intent i SET state = 'failed', reason = $4, wish = NULL, updated_at = now() "
            "WHERE " +
                std::string(kMine) +
                " AND i.key = $3 AND i.nonce IS NOT DISTINCT FROM $5::bigint AND i.state NOT IN ('done', "
                "'failed')",
            {chain_.value, wallet_, key, store::storable(reason), nonce});
    });
}

void PgTxLedger::release_nonce(const std::string& key, std::uint64_t nonce, const std::string& reason,
                               bool reverted) {
    database_.transact([&](store::Txn& txn) {
        txn.exec(
            "UPDATE chain.intent i SET state = 'pending', nonce = NULL, gas_limit = NULL, mined_tx = NULL, "
            "mined_block = NULL, mined_hash = NULL, reason = $4, reverts = i.reverts + $5, "
            "paid_before = i.paid_before + i.paid, paid = 0, updated_at = now() "
            "WHERE " +
                std::string(kMine) +
                " AND i.key = $3 AND i.nonce = $6 AND i.state IN ('allocated', 'sent', 'mined')",
            {chain_.value, wallet_, key, store::storable(reason), reverted ? 1 : 0, nonce});
    });
}

}  // namespace lamda::pipeline
