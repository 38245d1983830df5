#include "services/reputation/ledger/ledger_store.hpp"

#include "services/reputation/ledger/increment.hpp"
#include "store/values.hpp"

namespace lamda::reputation {

std::vector<IncrementTx> read_not_looked_up(store::Txn& txn, int most) {
    std::vector<IncrementTx> out;
    for (const auto& row : txn.exec("SELECT DISTINCT tx_hash, block_hash, tx_index FROM reputation.increment "
                                    "WHERE NOT looked_up LIMIT $1",
                                    {most})) {
        out.push_back({row.get<TxHash>("tx_hash"), row.get<BlockHash>("block_hash"),
                       row.maybe<std::uint64_t>("tx_index")});
    }
    return out;
}

bool has_not_looked_up(store::Txn& txn) {
    return txn.first("SELECT 1 AS one FROM reputation.increment WHERE NOT looked_up LIMIT 1").has_value();
}

bool has_increment_without_job(store::Txn& txn) {
    return txn.first("SELECT 1 AS one FROM reputation.increment WHERE job_id IS NULL LIMIT 1").has_value();
}

void note_looked_up(store::Txn& txn, const TxHash& tx, const std::optional<JobId>& job) {
    txn.exec("UPDATE reputation.increment SET looked_up = true, job_id = $2 WHERE tx_hash = $1", {tx, job});
}

std::vector<JobId> read_counted(store::Txn& txn, const std::vector<JobId>& jobs) {
    std::vector<JobId> out;
    for (const auto& row :
         txn.exec("SELECT DISTINCT job_id FROM reputation.increment WHERE job_id = ANY($1::bytea[])",
                  {store::array_of(jobs)})) {
        out.push_back(row.get<JobId>("job_id"));
    }
    return out;
}

void settle_confirmation(store::Txn& txn, const JobId& job) {
    txn.exec("UPDATE reputation.confirmation SET settled = true WHERE job_id = $1 AND NOT settled", {job});
}

std::optional<BlockNum> read_cursor(store::Txn& txn, const std::string& stream) {
    const auto row = txn.first("SELECT number FROM chain.cursor WHERE stream = $1", {stream});
    return row ? row->maybe<BlockNum>("number") : std::nullopt;
}

void lock_cursor(store::Txn& txn, const std::string& stream) {
    txn.exec("SELECT 1 FROM chain.cursor WHERE stream = $1 FOR KEY SHARE", {stream});
}

std::size_t close_intents(store::Txn& txn, ChainId chain, const JobId& job, const CountedBy& counted_by) {
    return txn
        .exec(
            "UPDATE chain.intent SET state = 'done', mined_tx = $3, mined_block = $4, "
            "mined_hash = $5, reason = '', updated_at = now() "
            "WHERE chain_id = $1 AND key = $2 AND state <> 'done'",
            {chain.value, intent_key(job), counted_by.tx, counted_by.block.number, counted_by.block.hash})
        .affected();
}

std::vector<std::string> read_keys_with_reason(store::Txn& txn, ChainId chain, const Address& wallet,
                                               const std::vector<std::string>& keys) {
    std::vector<std::string> out;
    for (const auto& row :
         txn.exec("SELECT key FROM chain.intent WHERE chain_id = $1 AND wallet = $2 AND key = "
                  "ANY($3::text[]) AND reason <> ''",
                  {chain.value, wallet, store::array_of(keys)})) {
        out.push_back(row.get<std::string>("key"));
    }
    return out;
}

std::optional<std::uint64_t> read_next_nonce(store::Txn& txn, ChainId chain, const Address& wallet) {
    const auto row = txn.first("SELECT next_nonce FROM chain.wallet WHERE chain_id = $1 AND address = $2",
                               {chain.value, wallet});
    return row ? row->maybe<std::uint64_t>("next_nonce") : std::nullopt;
}

}  // namespace lamda::reputation
