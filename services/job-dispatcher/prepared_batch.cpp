#include "prepared_batch.hpp"

#include <algorithm>
#include <limits>
#include <unordered_map>

#include "chain_facts.hpp"
#include "job_store.hpp"
#include "news.hpp"

namespace lamda::dispatch {

namespace {

bool is_creation(const JobEvent& fact) {
    const auto* chain = std::get_if<ChainFact>(&fact.fact);
    return chain != nullptr && *chain == ChainFact::kCreated;
}

/// Which facts are of the same job: from each to the job's next one.
class Threads {
  public:
    static constexpr std::size_t kNone = std::numeric_limits<std::size_t>::max();

    explicit Threads(const std::vector<JobEvent>& facts) : first_(facts.size()), next_(facts.size(), kNone) {
        std::unordered_map<JobId, std::size_t> last;
        last.reserve(facts.size());
        for (std::size_t i = 0; i < facts.size(); ++i) {
            const auto [before, is_first] = last.try_emplace(facts[i].job_id, i);
            first_[i] = is_first ? i : first_[before->second];
            if (!is_first) {
                next_[before->second] = i;
                before->second = i;
            }
        }
    }
    std::size_t first(std::size_t fact) const { return first_[fact]; }
    /// kNone after the last.
    std::size_t next(std::size_t fact) const { return next_[fact]; }

  private:
    std::vector<std::size_t> first_;
    std::vector<std::size_t> next_;
};

}  // namespace

/// Where the rows go.
struct PreparedBatch::Places {
    ChainId chain;
    std::vector<std::int64_t> ids;  ///< of the journal's entries
    store::CopyShape journal;
    store::CopyShape jobs;
};

std::unique_ptr<const PreparedBatch> PreparedBatch::of(const chain::Batch& batch, store::Database& database,
                                                       Market& market, Timestamp now) {
    if (batch.logs.size() < kManyLogs) {
        return nullptr;
    }
    auto facts = facts_of(batch, batch.logs);
    if (std::none_of(facts.begin(), facts.end(), is_creation)) {
        return nullptr;
    }
    auto places = database.transact([&](store::Txn& txn) -> std::optional<Places> {
        const auto policy = market.policy(txn);
        if (!policy) {
            return std::nullopt;  // the stream was not bound to its chain: apply() tells
        }
        return Places{policy->chain_id, reserve_entries(txn, facts.size()), journal_shape(txn),
                      jobs_shape(txn)};
    });
    if (!places) {
        return nullptr;
    }
    return std::unique_ptr<const PreparedBatch>(new PreparedBatch(std::move(facts), std::move(*places), now));
}

PreparedBatch::PreparedBatch(std::vector<JobEvent> facts, Places places, Timestamp now)
    : journal_(std::move(places.journal)), jobs_(std::move(places.jobs)) {
    for (std::size_t i = 0; i < facts.size(); ++i) {
        facts[i].id = places.ids[i];
    }
    const Threads threads(facts);
    for (std::size_t i = 0; i < facts.size(); ++i) {
        const auto first = threads.first(i);
        if (!is_creation(facts[first])) {
            rest_.push_back(facts[i]);
            continue;
        }
        encode(journal_, facts[i]);
        if (first != i) {
            continue;
        }
        std::optional<JobRow> row;
        for (auto at = i; at != Threads::kNone; at = threads.next(at)) {
            apply_with_news(row, facts[at], places.chain, now, news_);
        }
        encode(jobs_, *row);
    }
}

void PreparedBatch::write(store::Txn& txn) const {
    try {
        txn.copy(journal_);
        txn.copy(jobs_);
    } catch (const store::ConstraintViolation& error) {
        if (error.constraint() != "job_pkey") {
            throw;
        }
        throw MetKnown(error.what());
    }
    pipeline::put_outbox(txn, kOutboxOwner, news_);
}

}  // namespace lamda::dispatch
