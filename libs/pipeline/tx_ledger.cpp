#include "pipeline/tx_ledger.hpp"

#include <algorithm>
#include <array>
#include <map>

namespace lamda::pipeline {

namespace {

using chain::IntentState;

/// As chain.intent spells them.
constexpr std::array<std::pair<std::string_view, IntentState>, 7> kStates{
    {{"pending", IntentState::kPending},
     {"parked", IntentState::kParked},
     {"allocated", IntentState::kAllocated},
     {"sent", IntentState::kSent},
     {"mined", IntentState::kMined},
     {"done", IntentState::kDone},
     {"failed", IntentState::kFailed}}};

IntentState state_of(const std::string& text) {
    for (const auto& [name, state] : kStates) {
        if (name == text) {
            return state;
        }
    }
    throw store::StatementError("chain.intent: unknown state " + text);
}

chain::LedgerEntry entry_of(const store::Row& row) {
    chain::LedgerEntry out;
    out.intent.key = row.get<std::string>("key");
    out.intent.to = row.get<Address>("recipient");
    out.intent.value = row.get<U256>("value");
    out.intent.data = row.get<Bytes>("data");
    out.state = state_of(row.get<std::string>("state"));
    out.nonce = row.maybe<std::uint64_t>("nonce");
    out.gas_limit = row.maybe<std::uint64_t>("gas_limit");
    out.reason = row.get<std::string>("reason");
    out.mined_tx = row.maybe<TxHash>("mined_tx");
    if (!row.is_null("mined_block") && !row.is_null("mined_hash")) {
        out.mined_in = BlockRef{row.get<BlockNum>("mined_block"), row.get<BlockHash>("mined_hash")};
    }
    out.updated_at = row.get<Timestamp>("updated_at");
    return out;
}

void ensure_wallet(store::Txn& txn, const Address& wallet, ChainId chain) {
    txn.exec("INSERT INTO chain.wallet (chain_id, address) VALUES ($1, $2) ON CONFLICT DO NOTHING",
             {chain.value, wallet});
}

}  // namespace

bool put_intent(store::Txn& txn, const Address& wallet, ChainId chain, const chain::Intent& intent) {
    ensure_wallet(txn, wallet, chain);
    return txn.exec(
                  "INSERT INTO chain.intent (chain_id, wallet, key, recipient, value, data) "
                  "VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (chain_id, wallet, key) DO NOTHING",
                  {chain.value, wallet, intent.key, intent.to, intent.value, intent.data})
               .affected() == 1;
}

PgTxLedger::PgTxLedger(store::Database& database, Address wallet, ChainId chain)
    : database_(database), wallet_(wallet), chain_(chain) {}

std::vector<chain::LedgerEntry> PgTxLedger::open_entries(std::size_t most) {
    return database_.transact([&](store::Txn& txn) {
        std::vector<chain::LedgerEntry> out;
        std::map<std::int64_t, std::size_t> index;
        std::string ids = "{";
        // What holds a nonce first, parked ones last and in turn: neither can starve the others.
        for (const auto& row :
             txn.exec("SELECT id, key, recipient, value, data, state, nonce, gas_limit, reason, mined_tx, "
                      "mined_block, "
                      "mined_hash, updated_at FROM chain.intent "
                      "WHERE chain_id = $1 AND wallet = $2 AND state NOT IN ('done', 'failed') "
                      "ORDER BY nonce IS NULL, state = 'parked', CASE WHEN state = 'parked' THEN updated_at "
                      "END, id LIMIT $3",
                      {chain_.value, wallet_, std::uint64_t(most)})) {
            const auto id = row.get<std::int64_t>("id");
            ids += (out.empty() ? "" : ",") + std::to_string(id);
            index[id] = out.size();
            out.push_back(entry_of(row));
        }
        if (out.empty()) {
            return out;
        }
        // Only those of the present nonce: an intent that gave one up keeps the old bytes for the record
        // alone.
        for (const auto& row : txn.exec(
                 "SELECT t.intent_id, t.hash, t.raw, t.legacy, t.max_fee, t.max_priority_fee, t.stored_at "
                 "FROM chain.tx t JOIN chain.intent i ON i.id = t.intent_id AND i.nonce = t.nonce "
                 "WHERE t.intent_id = ANY ($1::bigint[]) ORDER BY t.intent_id, t.stored_at, t.max_fee",
                 {ids + "}"})) {
            chain::StoredTx tx;
            tx.hash = row.get<TxHash>("hash");
            tx.raw = row.get<Bytes>("raw");
            tx.fee = {row.get<bool>("legacy"), row.get<U256>("max_fee"), row.get<U256>("max_priority_fee")};
            tx.stored_at = row.get<Timestamp>("stored_at");
            out[index.at(row.get<std::int64_t>("intent_id"))].txs.push_back(std::move(tx));
        }
        return out;
    });
}

std::optional<std::uint64_t> PgTxLedger::next_nonce() {
    return database_.transact([&](store::Txn& txn) -> std::optional<std::uint64_t> {
        const auto row = txn.first("SELECT next_nonce FROM chain.wallet WHERE chain_id = $1 AND address = $2",
                                   {chain_.value, wallet_});
        return row ? row->maybe<std::uint64_t>("next_nonce") : std::nullopt;
    });
}

std::optional<std::uint64_t> PgTxLedger::allocate(const std::string& key, std::uint64_t at_least,
                                                  std::uint64_t gas_limit) {
    return database_.transact([&](store::Txn& txn) -> std::optional<std::uint64_t> {
        const auto wallet = txn.first(
            "SELECT next_nonce FROM chain.wallet WHERE chain_id = $1 AND address = $2 FOR NO KEY UPDATE",
            {chain_.value, wallet_});
        if (!wallet) {
            return std::nullopt;  // no wallet, no intent
        }
        const auto nonce = std::max(wallet->maybe<std::uint64_t>("next_nonce").value_or(0), at_least);
        const auto taken = txn.exec(
            "UPDATE chain.intent SET state = 'allocated', nonce = $4, gas_limit = $5, reason = '', "
            "updated_at = now() "
            "WHERE chain_id = $1 AND wallet = $2 AND key = $3 AND nonce IS NULL AND state IN ('pending', "
            "'parked')",
            {chain_.value, wallet_, key, nonce, gas_limit});
        if (taken.affected() != 1) {
            return std::nullopt;
        }
        txn.exec("UPDATE chain.wallet SET next_nonce = $3 WHERE chain_id = $1 AND address = $2",
                 {chain_.value, wallet_, nonce + 1});
        return nonce;
    });
}

bool PgTxLedger::store_tx(const std::string& key, std::uint64_t nonce, const chain::StoredTx& tx) {
    return database_.transact([&](store::Txn& txn) {
        const auto intent = txn.first(
            "SELECT id FROM chain.intent WHERE chain_id = $1 AND wallet = $2 AND key = $3 AND nonce = $4 "
            "AND state IN ('allocated', 'sent', 'mined') FOR UPDATE",
            {chain_.value, wallet_, key, nonce});
        if (!intent) {
            return false;
        }
        txn.exec(
            "INSERT INTO chain.tx (hash, intent_id, nonce, raw, legacy, max_fee, max_priority_fee, "
            "stored_at) "
            "VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (hash) DO NOTHING",
            {tx.hash, intent->get<std::int64_t>("id"), nonce, tx.raw, tx.fee.legacy, tx.fee.max_fee,
             tx.fee.max_priority_fee, tx.stored_at});
        return true;
    });
}

// Each change says from which states it may come: repeated, or late, it changes nothing.

void PgTxLedger::park(const std::string& key, const std::string& reason) {
    database_.transact([&](store::Txn& txn) {
        txn.exec(
            "UPDATE chain.intent SET state = 'parked', reason = $4, updated_at = now() "
            "WHERE chain_id = $1 AND wallet = $2 AND key = $3 AND nonce IS NULL AND state IN ('pending', "
            "'parked')",
            {chain_.value, wallet_, key, reason});
    });
}

void PgTxLedger::mark_sent(const std::string& key) {
    database_.transact([&](store::Txn& txn) {
        txn.exec(
            "UPDATE chain.intent SET state = 'sent', updated_at = now() "
            "WHERE chain_id = $1 AND wallet = $2 AND key = $3 AND state IN ('allocated', 'sent')",
            {chain_.value, wallet_, key});
    });
}

void PgTxLedger::mark_mined(const std::string& key, const TxHash& tx, const BlockRef& block) {
    database_.transact([&](store::Txn& txn) {
        txn.exec(
            "UPDATE chain.intent SET state = 'mined', mined_tx = $4, mined_block = $5, mined_hash = $6, "
            "updated_at = now() "
            "WHERE chain_id = $1 AND wallet = $2 AND key = $3 AND state IN ('allocated', 'sent', 'mined')",
            {chain_.value, wallet_, key, tx, block.number, block.hash});
    });
}

void PgTxLedger::mark_unmined(const std::string& key) {
    database_.transact([&](store::Txn& txn) {
        txn.exec(
            "UPDATE chain.intent SET state = 'sent', mined_tx = NULL, mined_block = NULL, mined_hash = NULL, "
            "updated_at = now() WHERE chain_id = $1 AND wallet = $2 AND key = $3 AND state = 'mined'",
            {chain_.value, wallet_, key});
    });
}

void PgTxLedger::mark_done(const std::string& key, const TxHash& tx, const BlockRef& block) {
    database_.transact([&](store::Txn& txn) {
        txn.exec(
            "UPDATE chain.intent SET state = 'done', mined_tx = $4, mined_block = $5, mined_hash = $6, "
            "reason = '', "
            "updated_at = now() "
            "WHERE chain_id = $1 AND wallet = $2 AND key = $3 AND state NOT IN ('done', 'failed')",
            {chain_.value, wallet_, key, tx, block.number, block.hash});
    });
}

void PgTxLedger::mark_failed(const std::string& key, const std::string& reason) {
    database_.transact([&](store::Txn& txn) {
        txn.exec(
            "UPDATE chain.intent SET state = 'failed', reason = $4, updated_at = now() "
            "WHERE chain_id = $1 AND wallet = $2 AND key = $3 AND state NOT IN ('done', 'failed')",
            {chain_.value, wallet_, key, reason});
    });
}

void PgTxLedger::release_nonce(const std::string& key, const std::string& reason) {
    database_.transact([&](store::Txn& txn) {
        txn.exec(
            "UPDATE chain.intent SET state = 'pending', nonce = NULL, gas_limit = NULL, mined_tx = NULL, "
            "mined_block = NULL, mined_hash = NULL, reason = $4, updated_at = now() "
            "WHERE chain_id = $1 AND wallet = $2 AND key = $3 AND state IN ('allocated', 'sent', 'mined')",
            {chain_.value, wallet_, key, reason});
    });
}

}  // namespace lamda::pipeline
