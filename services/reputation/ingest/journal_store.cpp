#include "services/reputation/ingest/journal_store.hpp"

#include "pgledger/pg_tx_queue.hpp"
#include "services/reputation/ledger/increment.hpp"
#include "store/values.hpp"

namespace lamda::reputation {

namespace {

constexpr auto kSameRow = "job_id = $1 AND block_hash = $2 AND log_index = $3";

Confirmation confirmation_of(const store::Row& row) {
    return {row.get<JobId>("job_id"),
            {row.get<BlockNum>("block_num"), row.get<BlockHash>("block_hash")},
            row.get<std::uint64_t>("log_index"),
            row.get<TxHash>("tx_hash")};
}

}  // namespace

void put_creations(store::Txn& txn, const std::vector<Creation>& rows) {
    if (rows.empty()) {
        return;
    }
    txn.exec(
        "INSERT INTO reputation.job (job_id, provider, block_num) "
        "SELECT * FROM unnest($1::bytea[], $2::bytea[], $3::bigint[]) ON CONFLICT DO NOTHING",
        {store::array_of(rows, &Creation::job), store::array_of(rows, &Creation::provider),
         store::array_of(rows, &Creation::block)});
}

void put_confirmations(store::Txn& txn, const std::vector<Confirmation>& rows) {
    if (rows.empty()) {
        return;
    }
    txn.exec(
        "INSERT INTO reputation.confirmation (job_id, block_num, block_hash, log_index, tx_hash) "
        "SELECT * FROM unnest($1::bytea[], $2::bigint[], $3::bytea[], $4::bigint[], $5::bytea[]) "
        "ON CONFLICT DO NOTHING",
        {store::array_of(rows, &Confirmation::job),
         store::array_of(rows, [](const auto& row) { return row.block.number; }),
         store::array_of(rows, [](const auto& row) { return row.block.hash; }),
         store::array_of(rows, &Confirmation::log_index), store::array_of(rows, &Confirmation::tx)});
}

void put_increments(store::Txn& txn, const std::vector<Increment>& rows) {
    if (rows.empty()) {
        return;
    }
    txn.exec(
        "INSERT INTO reputation.increment (tx_hash, log_index, provider, new_count, block_num, block_hash, "
        "tx_index) SELECT tx, log_index, provider, new_count, number, hash, nullif(tx_index, -1) FROM "
        "unnest($1::bytea[], $2::bigint[], $3::bytea[], $4::numeric[], $5::bigint[], $6::bytea[], "
        "$7::bigint[]) AS r (tx, log_index, provider, new_count, number, hash, tx_index) "
        "ON CONFLICT DO NOTHING",
        {store::array_of(rows, &Increment::tx), store::array_of(rows, &Increment::log_index),
         store::array_of(rows, &Increment::provider), store::array_of(rows, &Increment::new_count),
         store::array_of(rows, [](const auto& row) { return row.block.number; }),
         store::array_of(rows, [](const auto& row) { return row.block.hash; }),
         store::array_of(rows, [](const auto& row) {
             return row.tx_index ? static_cast<std::int64_t>(*row.tx_index) : -1;
         })});
}

void note_agreement(store::Txn& txn) {
    txn.exec("INSERT INTO reputation.ledger DEFAULT VALUES ON CONFLICT DO NOTHING");
}

bool ledger_agrees(store::Txn& txn) {
    return txn.first("SELECT 1 AS one FROM reputation.ledger").has_value();
}

std::size_t put_due_intents(store::Txn& txn, const IntentTarget& target, int most) {
    // Locks the ledger row if there is work, so that it cannot be deleted before the commit.
    if (!txn.first("SELECT 1 AS one FROM reputation.ledger WHERE EXISTS "
                   "(SELECT 1 FROM reputation.confirmation c WHERE NOT c.settled) FOR KEY SHARE")) {
        return 0;
    }
    std::vector<JobId> settled;
    std::vector<txsender::Intent> intents;
    for (const auto& row :
         txn.exec("SELECT c.job_id, c.proven_provider AS provider, x.counted FROM reputation.confirmation c "
                  "CROSS JOIN LATERAL (SELECT EXISTS (SELECT 1 FROM reputation.increment i WHERE i.job_id = "
                  "c.job_id) AS counted) x WHERE NOT c.settled AND (x.counted OR c.proven_provider IS NOT "
                  "NULL) ORDER BY c.block_num, c.log_index LIMIT $1 FOR UPDATE OF c",
                  {most})) {
        const auto job = row.get<JobId>("job_id");
        settled.push_back(job);
        if (!row.get<bool>("counted")) {
            intents.push_back({intent_key(job), target.contract, 0,
                               increment_calldata(row.get<Address>("provider"), job),
                               txsender::OnRevert::kRetry});
        }
    }
    if (settled.empty()) {
        return 0;
    }
    txn.exec("UPDATE reputation.confirmation SET settled = true WHERE job_id = ANY($1::bytea[])",
             {store::array_of(settled)});
    return pgledger::put_intents(txn, target.wallet, target.chain, intents);
}

std::vector<Due> read_due(store::Txn& txn, const std::vector<JobId>& jobs) {
    std::vector<Due> out;
    for (const auto& row :
         txn.exec("SELECT c.proven_provider AS provider, c.job_id IS NOT NULL AS confirmed, "
                  "EXISTS (SELECT 1 FROM reputation.increment i WHERE i.job_id = a.job_id) AS counted "
                  "FROM unnest($1::bytea[]) WITH ORDINALITY AS a (job_id, place) "
                  "LEFT JOIN reputation.confirmation c ON c.job_id = a.job_id ORDER BY a.place",
                  {store::array_of(jobs)})) {
        out.push_back({row.maybe<Address>("provider"), row.get<bool>("confirmed"), row.get<bool>("counted")});
    }
    return out;
}

std::vector<Confirmation> read_unproven(store::Txn& txn, const LogPlace& after, std::size_t most) {
    std::vector<Confirmation> out;
    for (const auto& row :
         txn.exec("SELECT c.job_id, c.block_num, c.block_hash, c.log_index, c.tx_hash "
                  "FROM reputation.confirmation c WHERE NOT c.settled AND c.proven_provider IS NULL "
                  "AND (c.block_num, c.log_index) > ($1, $2) AND NOT EXISTS (SELECT 1 FROM "
                  "reputation.increment i WHERE i.job_id = c.job_id) ORDER BY c.block_num, c.log_index "
                  "LIMIT $3",
                  {after.block, after.log_index, static_cast<std::uint64_t>(most)})) {
        out.push_back(confirmation_of(row));
    }
    return out;
}

void note_proven(store::Txn& txn, const Confirmation& row, const Address& provider) {
    const auto noted =
        txn.exec(std::string("UPDATE reputation.confirmation SET proven_provider = $4 WHERE ") + kSameRow,
                 {row.job, row.block.hash, row.log_index, provider});
    if (noted.affected() > 0) {
        txn.exec(
            "INSERT INTO reputation.job AS j (job_id, provider, block_num) VALUES ($1, $2, $3) "
            "ON CONFLICT (job_id) DO UPDATE SET provider = excluded.provider "
            "WHERE j.provider <> excluded.provider",
            {row.job, provider, row.block.number});
    }
}

void refute(store::Txn& txn, const Confirmation& row, const std::string& stream) {
    const auto removed = txn.exec(std::string("DELETE FROM reputation.confirmation WHERE NOT settled AND "
                                              "proven_provider IS NULL AND ") +
                                      kSameRow,
                                  {row.job, row.block.hash, row.log_index});
    if (removed.affected() > 0) {
        txn.exec("UPDATE chain.sweep SET upto = greatest(since, $2) - 1 WHERE stream = $1 AND upto >= $2",
                 {stream, row.block.number});
    }
}

std::vector<Creation> read_creations(store::Txn& txn, const std::vector<JobId>& jobs, BlockNum first,
                                     BlockNum last) {
    std::vector<Creation> out;
    for (const auto& row : txn.exec("SELECT job_id, provider, block_num FROM reputation.job WHERE job_id = "
                                    "ANY($1::bytea[]) OR block_num BETWEEN $2 AND $3",
                                    {store::array_of(jobs), first, last})) {
        out.push_back(
            {row.get<JobId>("job_id"), row.get<Address>("provider"), row.get<BlockNum>("block_num")});
    }
    return out;
}

std::vector<Confirmation> read_confirmations(store::Txn& txn, BlockNum first, BlockNum last) {
    std::vector<Confirmation> out;
    for (const auto& row :
         txn.exec("SELECT job_id, block_num, block_hash, log_index, tx_hash FROM reputation.confirmation "
                  "WHERE block_num BETWEEN $1 AND $2 ORDER BY block_num, log_index",
                  {first, last})) {
        out.push_back(confirmation_of(row));
    }
    return out;
}

std::vector<Increment> read_increments(store::Txn& txn, BlockNum first, BlockNum last) {
    std::vector<Increment> out;
    for (const auto& row : txn.exec("SELECT tx_hash, log_index, provider, new_count, block_num, block_hash "
                                    "FROM reputation.increment WHERE block_num BETWEEN $1 AND $2 "
                                    "ORDER BY block_num, log_index",
                                    {first, last})) {
        out.push_back({row.get<Address>("provider"),
                       row.get<U256>("new_count"),
                       {row.get<BlockNum>("block_num"), row.get<BlockHash>("block_hash")},
                       row.get<std::uint64_t>("log_index"),
                       row.get<TxHash>("tx_hash")});
    }
    return out;
}

void drop_creations(store::Txn& txn, const std::vector<JobId>& jobs) {
    txn.exec(
        "DELETE FROM reputation.job j WHERE j.job_id = ANY($1::bytea[]) AND NOT EXISTS (SELECT 1 FROM "
        "chain.intent "
        "t WHERE t.key = 'increment:0x' || encode(j.job_id, 'hex'))",
        {store::array_of(jobs)});
}

void drop_confirmations(store::Txn& txn, const std::vector<JobId>& jobs) {
    txn.exec(
        "DELETE FROM reputation.confirmation c WHERE c.job_id = ANY($1::bytea[]) AND NOT EXISTS (SELECT 1 "
        "FROM "
        "chain.intent t WHERE t.key = 'increment:0x' || encode(c.job_id, 'hex'))",
        {store::array_of(jobs)});
}

void drop_increments(store::Txn& txn, const std::vector<const Increment*>& rows) {
    for (const auto* row : rows) {
        txn.exec("DELETE FROM reputation.increment WHERE tx_hash = $1 AND log_index = $2",
                 {row->tx, row->log_index});
    }
}

void drop_creations_above(store::Txn& txn, BlockNum block) {
    txn.exec("DELETE FROM reputation.job WHERE block_num > $1", {block});
}

void drop_confirmations_above(store::Txn& txn, BlockNum block) {
    txn.exec("DELETE FROM reputation.confirmation WHERE block_num > $1", {block});
}

void drop_increments_above(store::Txn& txn, BlockNum block) {
    txn.exec("DELETE FROM reputation.increment WHERE block_num > $1", {block});
}

}  // namespace lamda::reputation
