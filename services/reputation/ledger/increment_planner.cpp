#include "services/reputation/ledger/increment_planner.hpp"

#include "contracts/node_reputation.hpp"
#include "services/reputation/ingest/journal_store.hpp"
#include "services/reputation/ledger/increment.hpp"
#include "store/values.hpp"

namespace lamda::reputation {

namespace {
constexpr int kAtOnce = 500;
constexpr int kOneByOne = 20;
}  // namespace

IncrementPlanner::IncrementPlanner(DutyConfig config, store::Database& database, eth::Rpc& opbnb)
    : config_(std::move(config)), database_(database), opbnb_(opbnb) {}

struct IncrementPlanner::Uncounted {
    TxHash tx;
    BlockHash block;
    std::optional<std::uint64_t> index;
};

std::vector<IncrementPlanner::Uncounted> IncrementPlanner::not_looked_up() {
    return database_.transact([](store::Txn& txn) {
        std::vector<Uncounted> out;
        for (const auto& row :
             txn.exec("SELECT DISTINCT tx_hash, block_hash, tx_index FROM reputation.increment "
                      "WHERE NOT looked_up LIMIT $1",
                      {kAtOnce})) {
            out.push_back({row.get<TxHash>("tx_hash"), row.get<BlockHash>("block_hash"),
                           row.maybe<std::uint64_t>("tx_index")});
        }
        return out;
    });
}

/// By place, which nodes never forget; then by hash, where the place is not known or no node answers to it.
std::vector<std::optional<eth::TransactionInfo>> IncrementPlanner::transactions_of(
    const std::vector<Uncounted>& open) {
    std::vector<std::optional<eth::TransactionInfo>> out(open.size());
    const auto take = [&](const std::vector<std::size_t>& owners, auto lookups) {
        for (std::size_t i = 0; i < owners.size(); ++i) {
            out[owners[i]] = std::move(lookups[i].found);
            lookup_failure_ = lookups[i].failure.empty() ? lookup_failure_ : lookups[i].failure;
        }
    };
    lookup_failure_.clear();
    std::vector<std::size_t> owners;
    std::vector<eth::TxPlace> places;
    for (std::size_t i = 0; i < open.size(); ++i) {
        if (open[i].index) {
            owners.push_back(i);
            places.push_back({open[i].tx, open[i].block, *open[i].index});
        }
    }
    take(owners, opbnb_.transactions(places));
    owners.clear();
    std::vector<TxHash> hashes;
    for (std::size_t i = 0; i < open.size(); ++i) {
        if (!out[i]) {
            owners.push_back(i);
            hashes.push_back(open[i].tx);
        }
    }
    take(owners, opbnb_.transactions(hashes));
    // Asked one by one, an endpoint that says "there is none" has the last word only when the others agree.
    int asked = 0;
    for (const auto i : owners) {
        if (!out[i] && open[i].index && ++asked <= kOneByOne) {
            try {
                out[i] = opbnb_.transaction(eth::TxPlace{open[i].tx, open[i].block, *open[i].index});
            } catch (const std::exception& error) {
                if (!eth::is_useless_answer(error)) {
                    throw;
                }
                lookup_failure_ = error.what();
            }
        }
    }
    return out;
}

std::size_t IncrementPlanner::look_up_increments() {
    const auto open = not_looked_up();
    const auto found = transactions_of(open);
    return database_.transact([&](store::Txn& txn) {
        std::size_t closed = 0;
        for (std::size_t i = 0; i < open.size(); ++i) {
            const auto& tx = found[i];
            if (!tx || !tx->block) {
                continue;  // a node that lags: its log was final, so another call will show it
            }
            const auto job = job_of(*tx, config_.node_reputation);
            txn.exec("UPDATE reputation.increment SET looked_up = true, job_id = $2 WHERE tx_hash = $1",
                     {open[i].tx, job});
            if (!job) {
                continue;
            }
            // Waits for a transaction that makes an intent of it just now: the next statement then sees that.
            txn.exec("UPDATE reputation.confirmation SET settled = true WHERE job_id = $1 AND NOT settled",
                     {*job});
            // Whatever the ledger thinks of this job, the chain has counted it: it is never sent again.
            closed += txn.exec(
                             "UPDATE chain.intent SET state = 'done', mined_tx = $3, mined_block = $4, "
                             "mined_hash = $5, reason = '', updated_at = now() "
                             "WHERE chain_id = $1 AND key = $2 AND state <> 'done'",
                             {config_.opbnb.value, intent_key(*job), open[i].tx, tx->block->number,
                              tx->block->hash})
                          .affected();
        }
        return closed;
    });
}

std::optional<BlockNum> IncrementPlanner::increments_cursor(store::Txn& txn) {
    const auto row =
        txn.first("SELECT number FROM chain.cursor WHERE stream = $1", {config_.increments_stream});
    return row ? row->maybe<BlockNum>("number") : std::nullopt;
}

bool IncrementPlanner::agrees() {
    return database_.transact([](store::Txn& txn) { return ledger_agrees(txn); });
}

std::string IncrementPlanner::compare(bool note) {
    const auto finalized = opbnb_.header(eth::BlockSpec(eth::Tag::kFinalized));
    if (!finalized) {
        return "opBNB's node names no finalized block";
    }
    const auto final_count = opbnb_.transaction_count(config_.wallet, eth::BlockSpec(finalized->number));
    const auto pending_count = opbnb_.transaction_count(config_.wallet, eth::Tag::kPending);
    return database_.transact([&](store::Txn& txn) -> std::string {
        // Not to be forgotten before the conclusion is written down.
        txn.exec("SELECT 1 FROM chain.cursor WHERE stream = $1 FOR KEY SHARE", {config_.increments_stream});
        const auto cursor = increments_cursor(txn);
        if (!cursor || *cursor < finalized->number) {
            return "NodeReputation is not read up to block " + std::to_string(finalized->number.value) +
                   " yet";
        }
        if (txn.first("SELECT 1 AS one FROM reputation.increment WHERE NOT looked_up LIMIT 1")) {
            return "the jobs of some increments are not looked up yet" +
                   (lookup_failure_.empty() ? "" : ": " + lookup_failure_);
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
        if (note) {
            note_agreement(txn);
        }
        return "";
    });
}

std::size_t IncrementPlanner::add_intents() {
    return database_.transact([&](store::Txn& txn) {
        return put_due_intents(txn, {config_.wallet, config_.opbnb, config_.node_reputation}, kAtOnce);
    });
}

namespace {

using Objections = std::vector<std::optional<txsender::Objection>>;

txsender::Objection park(std::string reason) {
    return {std::move(reason), txsender::Objection::Kind::kPark};
}
txsender::Objection unanswered(std::string reason) {
    return {std::move(reason), txsender::Objection::Kind::kUnanswered};
}

/// What was asked for by `incrementJobs`. Errors: `invalid_intent`.
struct Asked {
    JobId job;
    Address provider;
};
Result<Asked> asked_by(const txsender::Intent& intent) {
    const auto job = job_of_key(intent.key);
    const auto call = contracts::node_reputation::IncrementJobs::decode(intent.data);
    if (!job || !call) {
        return Error{"invalid_intent", "not an increment of this service", ""};
    }
    return Asked{*job, call->provider};
}

}  // namespace

Objections IncrementPlanner::precheck(const std::vector<txsender::Intent>& intents) {
    Objections out(intents.size());
    std::map<JobId, std::size_t> places;
    std::map<Address, std::optional<txsender::Objection>> providers;
    std::vector<Result<Asked>> asked;
    for (std::size_t i = 0; i < intents.size(); ++i) {
        asked.push_back(asked_by(intents[i]));
        if (asked[i]) {
            places.emplace(asked[i]->job, i);
            providers.try_emplace(asked[i]->provider);
        } else if (!txsender::is_fill(intents[i])) {
            out[i] = park(asked[i].error().message);
        }
    }
    counted_already(places, out);
    unregistered(providers);
    for (std::size_t i = 0; i < intents.size(); ++i) {
        if (asked[i] && !out[i]) {
            out[i] = providers.at(asked[i]->provider);
        }
    }
    return out;
}

void IncrementPlanner::counted_already(const std::map<JobId, std::size_t>& places, Objections& out) {
    std::vector<JobId> jobs;
    std::vector<std::string> keys;
    for (const auto& [job, place] : places) {
        jobs.push_back(job);
        keys.push_back(intent_key(job));
    }
    const auto finalized = opbnb_.header(eth::BlockSpec(eth::Tag::kFinalized));
    database_.transact([&](store::Txn& txn) {
        if (!ledger_agrees(txn)) {
            for (const auto& [job, place] : places) {
                out[place] = park("what the chain has counted is being read again");
            }
            return;
        }
        for (const auto& row :
             txn.exec("SELECT DISTINCT job_id FROM reputation.increment WHERE job_id = ANY($1::bytea[])",
                      {store::array_of(jobs)})) {
            out[places.at(row.get<JobId>("job_id"))] = park("the chain has counted this job already");
        }
        // An intent that has waited, or lost its nonce, may have been overtaken: the chain's account must be
        // complete up to what is final now.
        const auto cursor = increments_cursor(txn);
        const bool complete =
            finalized && cursor && *cursor >= finalized->number &&
            !txn.first("SELECT 1 AS one FROM reputation.increment WHERE NOT looked_up LIMIT 1");
        if (complete) {
            return;
        }
        for (const auto& row :
             txn.exec("SELECT key FROM chain.intent WHERE chain_id = $1 AND wallet = $2 AND key = "
                      "ANY($3::text[]) AND reason <> ''",
                      {config_.opbnb.value, config_.wallet, store::array_of(keys)})) {
            auto& reason = out[places.at(job_of_key(row.get<std::string>("key")).value())];
            reason = reason.value_or(park("NodeReputation is not read up to finality"));
        }
    });
}

void IncrementPlanner::unregistered(std::map<Address, std::optional<txsender::Objection>>& providers) {
    using contracts::node_reputation::GetProviderInfo;
    std::vector<eth::CallRequest> requests;
    for (const auto& [provider, objection] : providers) {
        auto& request = requests.emplace_back();
        request.to = config_.node_reputation;
        request.data = GetProviderInfo{provider}.encode();
    }
    const auto outcomes = opbnb_.calls(requests, eth::BlockSpec(eth::Tag::kLatest));
    auto outcome = outcomes.begin();
    for (auto& [provider, objection] : providers) {
        const auto& told = *outcome++;
        const auto info = GetProviderInfo::decode_result(told.result);
        if (told.error) {
            const auto reason = "getProviderInfo: " + std::string(told.error->what());
            objection = told.error->is_revert() ? park(reason) : unanswered(reason);
        } else if (!info) {
            objection = unanswered("getProviderInfo answers what cannot be read: " + info.error().message);
        } else if (!info->info.is_registered) {
            objection = park("the provider " + provider.hex() + " is not registered");
        }
    }
}

}  // namespace lamda::reputation
