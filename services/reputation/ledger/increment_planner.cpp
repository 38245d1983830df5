#include "services/reputation/ledger/increment_planner.hpp"

#include "contracts/node_reputation.hpp"
#include "services/reputation/ingest/journal_store.hpp"
#include "services/reputation/ledger/increment.hpp"
#include "services/reputation/ledger/ledger_store.hpp"

namespace lamda::reputation {

namespace {
constexpr int kAtOnce = 500;
constexpr int kOneByOne = 20;
}  // namespace

IncrementPlanner::IncrementPlanner(PlannerConfig config, store::Database& database, eth::Rpc& opbnb)
    : config_(std::move(config)), database_(database), opbnb_(opbnb) {}

/// Looks transactions up by block and index, which nodes never prune; then by hash, if the index is unknown
/// or no node answers.
std::vector<std::optional<eth::TransactionInfo>> IncrementPlanner::transactions_of(
    const std::vector<IncrementTx>& open) {
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
    // A single call returns "not found" only if all endpoints agree.
    int calls = 0;
    for (const auto i : owners) {
        if (!out[i] && open[i].index && ++calls <= kOneByOne) {
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
    const auto open = database_.transact([](store::Txn& txn) { return read_not_looked_up(txn, kAtOnce); });
    const auto found = transactions_of(open);
    return database_.transact([&](store::Txn& txn) {
        std::size_t closed = 0;
        for (std::size_t i = 0; i < open.size(); ++i) {
            const auto& tx = found[i];
            if (!tx || !tx->block) {
                continue;  // a lagging node: the log was final, so a later call finds it
            }
            const auto job = job_of(*tx, config_.node_reputation);
            note_looked_up(txn, open[i].tx, job);
            if (!job) {
                continue;
            }
            // Waits for a concurrent transaction that makes an intent for this job, so that the next
            // statement sees it.
            settle_confirmation(txn, *job);
            // The chain has counted this job: its intent is never sent again, in any state.
            closed += close_intents(txn, config_.opbnb, *job, {open[i].tx, *tx->block});
        }
        return closed;
    });
}

bool IncrementPlanner::agrees() {
    return database_.transact([](store::Txn& txn) { return ledger_agrees(txn); });
}

std::string IncrementPlanner::compare(bool note) {
    const auto finalized = opbnb_.header(eth::BlockSpec(eth::Tag::kFinalized));
    if (!finalized) {
        return "the endpoints of opBNB report no finalized block";
    }
    const auto final_count = opbnb_.transaction_count(config_.wallet, eth::BlockSpec(finalized->number));
    const auto pending_count = opbnb_.transaction_count(config_.wallet, eth::Tag::kPending);
    return database_.transact([&](store::Txn& txn) -> std::string {
        // Locks the cursor, so that a rebuild cannot reset it before the agreement is recorded.
        lock_cursor(txn, config_.increments_stream);
        const auto cursor = read_cursor(txn, config_.increments_stream);
        if (!cursor || *cursor < finalized->number) {
            return "NodeReputation is not read up to block " + std::to_string(finalized->number.value) +
                   " yet";
        }
        if (has_not_looked_up(txn)) {
            return "the jobs of some increments are not looked up yet" +
                   (lookup_failure_.empty() ? "" : ": " + lookup_failure_);
        }
        if (!config_.from_block_set && has_increment_without_job(txn)) {
            return "the chain holds increments without a job id (an earlier system's): set "
                   "REPUTATION_FROM_BLOCK";
        }
        const auto next = read_next_nonce(txn, config_.opbnb, config_.wallet);
        // Transactions that this ledger does not know, and whose increments cannot be read yet.
        if ((!next || *next < pending_count) && final_count != pending_count) {
            return "transactions of the wallet are in flight: " + std::to_string(final_count) + " of " +
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

/// Job and provider of an intent's incrementJobs call.
struct RequestedIncrement {
    JobId job;
    Address provider;
};
/// Errors: `invalid_intent`.
Result<RequestedIncrement> requested_by(const txsender::Intent& intent) {
    const auto job = job_of_key(intent.key);
    const auto call = contracts::node_reputation::IncrementJobs::decode(intent.data);
    if (!job || !call) {
        return Error{"invalid_intent", "not an increment of this service", ""};
    }
    return RequestedIncrement{*job, call->provider};
}

}  // namespace

Objections IncrementPlanner::precheck(const std::vector<txsender::Intent>& intents) {
    Objections out(intents.size());
    std::map<JobId, std::size_t> places;
    std::map<Address, std::optional<txsender::Objection>> providers;
    std::vector<Result<RequestedIncrement>> requested;
    for (std::size_t i = 0; i < intents.size(); ++i) {
        requested.push_back(requested_by(intents[i]));
        if (requested[i]) {
            places.emplace(requested[i]->job, i);
            providers.try_emplace(requested[i]->provider);
        } else if (!txsender::is_fill(intents[i])) {
            out[i] = park(requested[i].error().message);
        }
    }
    object_to_counted(places, out);
    object_to_unregistered(providers);
    for (std::size_t i = 0; i < intents.size(); ++i) {
        if (requested[i] && !out[i]) {
            out[i] = providers.at(requested[i]->provider);
        }
    }
    return out;
}

void IncrementPlanner::object_to_counted(const std::map<JobId, std::size_t>& places, Objections& out) {
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
        for (const auto& job : read_counted(txn, jobs)) {
            out[places.at(job)] = park("the chain has counted this job already");
        }
        // The job of an intent that has waited or lost its nonce may have been counted meanwhile: increments
        // must be complete up to the current finalized block.
        const auto cursor = read_cursor(txn, config_.increments_stream);
        const bool complete = finalized && cursor && *cursor >= finalized->number && !has_not_looked_up(txn);
        if (complete) {
            return;
        }
        for (const auto& key : read_keys_with_reason(txn, config_.opbnb, config_.wallet, keys)) {
            auto& reason = out[places.at(job_of_key(key).value())];
            reason = reason.value_or(park("NodeReputation is not read up to finality"));
        }
    });
}

void IncrementPlanner::object_to_unregistered(
    std::map<Address, std::optional<txsender::Objection>>& providers) {
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
        const auto& answer = *outcome++;
        const auto info = GetProviderInfo::decode_result(answer.result);
        if (answer.error) {
            const auto reason = "getProviderInfo: " + std::string(answer.error->what());
            objection = answer.error->is_revert() ? park(reason) : unanswered(reason);
        } else if (!info) {
            objection = unanswered("getProviderInfo: malformed answer: " + info.error().message);
        } else if (!info->info.is_registered) {
            objection = park("the provider " + provider.hex() + " is not registered");
        }
    }
}

}  // namespace lamda::reputation
