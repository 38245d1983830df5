#include "services/job-dispatcher/ingest/prepared_batch.hpp"

#include <algorithm>
#include <limits>
#include <unordered_map>

#include "outbox/outbox.hpp"
#include "services/job-dispatcher/jobs/job_fold.hpp"
#include "services/job-dispatcher/jobs/job_store.hpp"
#include "services/job-dispatcher/jobs/journal_store.hpp"

namespace lamda::dispatch {

namespace {

bool is_creation(const JobEvent& fact) {
    const auto* chain = std::get_if<ChainFact>(&fact.fact);
    return chain != nullptr && *chain == ChainFact::kCreated;
}

/// Links each fact to the first and the next fact of its job.
class FactsByJob {
  public:
    static constexpr std::size_t kNone = std::numeric_limits<std::size_t>::max();

    explicit FactsByJob(const std::vector<JobEvent>& facts)
        : first_(facts.size()), next_(facts.size(), kNone) {
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
    /// Returns kNone after the last.
    std::size_t next(std::size_t fact) const { return next_[fact]; }

  private:
    std::vector<std::size_t> first_;
    std::vector<std::size_t> next_;
};

}  // namespace

std::unique_ptr<PreparedBatch> PreparedBatch::of(std::vector<JobEvent> facts, store::Database& database,
                                                 Timestamp now) {
    if (std::none_of(facts.begin(), facts.end(), is_creation) ||
        std::any_of(facts.begin(), facts.end(),
                    [&](const auto& fact) { return outbox::is_recent(fact.at, now); })) {
        return nullptr;
    }
    auto [journal, jobs] = database.transact([](store::Txn& txn) {
        // Journal first, the order in which every transaction, bulk loads too, locks the two tables.
        auto entries = journal_shape(txn);
        return std::pair(std::move(entries), jobs_shape(txn));
    });
    return std::unique_ptr<PreparedBatch>(
        new PreparedBatch(std::move(facts), std::move(journal), std::move(jobs)));
}

PreparedBatch::PreparedBatch(std::vector<JobEvent> facts, store::CopyShape journal, store::CopyShape jobs)
    : facts_(facts.size()), journal_(std::move(journal)), jobs_(std::move(jobs)) {
    const FactsByJob by_job(facts);
    for (std::size_t i = 0; i < facts.size(); ++i) {
        const auto first = by_job.first(i);
        if (!is_creation(facts[first])) {
            in_rest_.push_back(i);
            rest_.push_back(facts[i]);
            continue;
        }
        in_journal_.push_back(i);
        encode_ahead(journal_, facts[i]);
        if (first != i) {
            continue;
        }
        std::optional<JobRow> row;
        auto last = i;
        for (auto at = i; at != FactsByJob::kNone; at = by_job.next(at)) {
            apply_event(row, facts[at]);
            last = at;
        }
        last_of_.push_back(last);
        encode_ahead(jobs_, *row);
    }
}

void PreparedBatch::write(store::Txn& txn) {
    const auto ids = reserve_entries(txn, facts_);
    const auto chosen = [&](const std::vector<std::size_t>& facts) {
        std::vector<std::int64_t> out(facts.size());
        std::transform(facts.begin(), facts.end(), out.begin(), [&](auto fact) { return ids[fact]; });
        return out;
    };
    journal_.fill(chosen(in_journal_));
    jobs_.fill(chosen(last_of_));
    for (std::size_t i = 0; i < rest_.size(); ++i) {
        rest_[i].id = ids[in_rest_[i]];
    }
    try {
        txn.copy(journal_);
        txn.copy(jobs_);
    } catch (const store::ConstraintViolation& error) {
        if (error.constraint() != "job_pkey") {
            throw;
        }
        throw RowExists(error.what());
    }
}

}  // namespace lamda::dispatch
