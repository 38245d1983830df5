#include "duty.hpp"

#include "contracts/job_manager.hpp"
#include "contracts/node_reputation.hpp"
#include "increment.hpp"
#include "pipeline/tx_ledger.hpp"

namespace lamda::reputation {

namespace {
constexpr int kAtOnce = 500;
}

Duty::Duty(DutyConfig config, store::Database& database, eth::Rpc& bsc, eth::Rpc& opbnb)
    : config_(std::move(config)), database_(database), bsc_(bsc), opbnb_(opbnb) {}

std::size_t Duty::look_up_increments() {
    const auto open = database_.transact([](store::Txn& txn) {
        std::vector<TxHash> out;
        for (const auto& row :
             txn.exec("SELECT DISTINCT tx_hash FROM reputation.increment WHERE NOT looked_up LIMIT $1",
                      {kAtOnce})) {
            out.push_back(row.get<TxHash>("tx_hash"));
        }
        return out;
    });
    std::size_t closed = 0;
    for (const auto& hash : open) {
        const auto tx = opbnb_.transaction(hash);
        if (!tx || !tx->block) {
            continue;  // a node that lags: its log was final, so another call will show it
        }
        const auto job = job_of(*tx, config_.node_reputation);
        closed += database_.transact([&](store::Txn& txn) -> std::size_t {
            txn.exec("UPDATE reputation.increment SET looked_up = true, job_id = $2 WHERE tx_hash = $1",
                     {hash, job});
            if (!job) {
                return 0;
            }
            // Whatever the ledger thinks of this job, the chain has counted it: it is never sent again.
            return txn
                .exec(
                    "UPDATE chain.intent SET state = 'done', mined_tx = $3, mined_block = $4, mined_hash = "
                    "$5, "
                    "reason = '', updated_at = now() WHERE chain_id = $1 AND key = $2 AND state <> 'done'",
                    {config_.opbnb.value, intent_key(*job), hash, tx->block->number, tx->block->hash})
                .affected();
        });
    }
    return closed;
}

std::optional<BlockNum> Duty::increments_cursor(store::Txn& txn) {
    const auto row =
        txn.first("SELECT number FROM chain.cursor WHERE stream = $1", {config_.increments_stream});
    return row ? row->maybe<BlockNum>("number") : std::nullopt;
}

std::string Duty::waiting_for() {
    const auto finalized = opbnb_.header(eth::BlockSpec(eth::Tag::kFinalized));
    if (!finalized) {
        return "opBNB's node names no finalized block";
    }
    const auto final_count = opbnb_.transaction_count(config_.wallet, eth::BlockSpec(finalized->number));
    const auto pending_count = opbnb_.transaction_count(config_.wallet, eth::Tag::kPending);
    return database_.transact([&](store::Txn& txn) -> std::string {
        const auto cursor = increments_cursor(txn);
        if (!cursor || *cursor < finalized->number) {
            return "NodeReputation is not read up to block " + std::to_string(finalized->number.value) +
                   " yet";
        }
        if (txn.first("SELECT 1 AS one FROM reputation.increment WHERE NOT looked_up LIMIT 1")) {
            return "the jobs of some increments are not looked up yet";
        }
        if (!config_.from_block_set &&
            txn.first("SELECT 1 AS one FROM reputation.increment WHERE job_id IS NULL LIMIT 1")) {
            return "the chain holds increments without a job id (an earlier system's): set "
                   "REPUTATION_FROM_BLOCK";
        }
        const auto wallet =
            txn.first("SELECT next_nonce FROM chain.wallet WHERE chain_id = $1 AND address = $2",
                      {config_.opbnb.value, config_.wallet});
        const auto next = wallet ? wallet->maybe<std::uint64_t>("next_nonce") : std::nullopt;
        // Transactions that this ledger does not know of, and that the chain's account cannot show yet.
        if ((!next || *next < pending_count) && final_count != pending_count) {
            return "transactions of the wallet are on their way: " + std::to_string(final_count) + " of " +
                   std::to_string(pending_count) + " are final";
        }
        return "";
    });
}

/// Jobs confirmed whose creation was before the stream's start: JobManager knows for whom.
void Duty::learn_providers() {
    const auto unknown = database_.transact([](store::Txn& txn) {
        std::vector<std::pair<JobId, BlockNum>> out;
        for (const auto& row : txn.exec("SELECT c.job_id, c.block_num FROM reputation.confirmation c "
                                        "LEFT JOIN reputation.job j ON j.job_id = c.job_id "
                                        "WHERE j.job_id IS NULL LIMIT $1",
                                        {kAtOnce})) {
            out.emplace_back(row.get<JobId>("job_id"), row.get<BlockNum>("block_num"));
        }
        return out;
    });
    for (const auto& [job, block] : unknown) {
        eth::CallRequest request;
        request.to = config_.job_manager;
        request.data = contracts::job_manager::GetJobInfo{job.as<Bytes32>()}.encode();
        const auto info = contracts::job_manager::GetJobInfo::decode_result(
            bsc_.call(request, eth::BlockSpec(eth::Tag::kLatest)));
        if (info && !info->provider.is_zero()) {
            database_.transact([&](store::Txn& txn) {
                txn.exec(
                    "INSERT INTO reputation.job (job_id, provider, block_num) VALUES ($1, $2, $3) "
                    "ON CONFLICT DO NOTHING",
                    {job, info->provider, block});
            });
        }
    }
}

std::size_t Duty::add_intents() {
    learn_providers();
    return database_.transact([&](store::Txn& txn) {
        std::size_t added = 0;
        for (const auto& row :
             txn.exec("SELECT c.job_id, j.provider FROM reputation.confirmation c "
                      "JOIN reputation.job j ON j.job_id = c.job_id "
                      "WHERE NOT EXISTS (SELECT 1 FROM reputation.increment i WHERE i.job_id = c.job_id) "
                      "AND NOT EXISTS (SELECT 1 FROM chain.intent t WHERE t.chain_id = $1 "
                      "AND t.key = 'increment:0x' || encode(c.job_id, 'hex')) "
                      "ORDER BY c.block_num, c.log_index LIMIT $2",
                      {config_.opbnb.value, kAtOnce})) {
            const auto job = row.get<JobId>("job_id");
            const chain::Intent intent{intent_key(job), config_.node_reputation, 0,
                                       increment_calldata(row.get<Address>("provider"), job)};
            added += pipeline::put_intent(txn, config_.wallet, config_.opbnb, intent) ? 1 : 0;
        }
        return added;
    });
}

std::optional<std::string> Duty::precheck(const chain::Intent& intent) {
    using contracts::node_reputation::GetProviderInfo;
    using contracts::node_reputation::IncrementJobs;
    const auto job = job_of_key(intent.key);
    const auto call = IncrementJobs::decode(intent.data);
    if (!job || !call) {
        return "not an increment of this service";
    }
    const auto finalized = opbnb_.header(eth::BlockSpec(eth::Tag::kFinalized));
    auto reason = database_.transact([&](store::Txn& txn) -> std::optional<std::string> {
        if (txn.first("SELECT 1 AS one FROM reputation.increment WHERE job_id = $1", {*job})) {
            return "the chain has counted this job already";
        }
        // An intent that has waited, or lost its nonce, may have been overtaken: the chain's account must be
        // complete up to what is final now.
        const auto row =
            txn.first("SELECT reason FROM chain.intent WHERE chain_id = $1 AND wallet = $2 AND key = $3",
                      {config_.opbnb.value, config_.wallet, intent.key});
        const auto cursor = increments_cursor(txn);
        const bool waited = row && !row->get<std::string>("reason").empty();
        if (waited && (!finalized || !cursor || *cursor < finalized->number ||
                       txn.first("SELECT 1 AS one FROM reputation.increment WHERE NOT looked_up LIMIT 1"))) {
            return "NodeReputation is not read up to finality";
        }
        return std::nullopt;
    });
    if (reason) {
        return reason;
    }
    eth::CallRequest request;
    request.to = config_.node_reputation;
    request.data = GetProviderInfo{call->provider}.encode();
    const auto info = GetProviderInfo::decode_result(opbnb_.call(request, eth::BlockSpec(eth::Tag::kLatest)));
    if (!info) {
        return "getProviderInfo answers what cannot be read: " + info.error().message;
    }
    return info->info.is_registered
               ? std::nullopt
               : std::optional("the provider " + call->provider.hex() + " is not registered");
}

}  // namespace lamda::reputation
