#include "creations.hpp"

#include <algorithm>
#include <span>
#include <unordered_set>

#include "chain_facts.hpp"
#include "contracts/job_manager.hpp"
#include "job_store.hpp"
#include "news.hpp"

namespace lamda::dispatch {

namespace {

constexpr std::size_t kManyLogs = 500;
/// An entry with its strings is some hundred bytes; so many at once bound the memory.
constexpr std::size_t kLogsAtOnce = 1'000;

bool creates_each_once(const std::vector<eth::Log>& logs) {
    std::unordered_set<JobId> jobs;
    jobs.reserve(logs.size());
    return std::all_of(logs.begin(), logs.end(), [&](const eth::Log& log) {
        return log.topics.size() > 1 && log.topics[0] == contracts::job_manager::JobCreated::topic() &&
               jobs.insert(log.topics[1].as<JobId>()).second;
    });
}

}  // namespace

/// Where the rows go.
struct Creations::Places {
    ChainId chain;
    std::vector<std::int64_t> ids;  ///< of the journal's entries
    store::CopyShape journal;
    store::CopyShape jobs;
};

std::unique_ptr<const Creations> Creations::of(const chain::Batch& batch, store::Database& database,
                                               Market& market, Timestamp now) {
    if (batch.logs.size() < kManyLogs || !creates_each_once(batch.logs)) {
        return nullptr;
    }
    auto places = database.transact([&](store::Txn& txn) -> std::optional<Places> {
        const auto policy = market.policy(txn);
        if (!policy) {
            return std::nullopt;  // the stream was not bound to its chain: apply() tells
        }
        return Places{policy->chain_id, reserve_entries(txn, batch.logs.size()), journal_shape(txn),
                      jobs_shape(txn)};
    });
    if (!places) {
        return nullptr;
    }
    return std::unique_ptr<const Creations>(new Creations(batch, std::move(*places), now));
}

Creations::Creations(const chain::Batch& batch, Places places, Timestamp now)
    : journal_(std::move(places.journal)), jobs_(std::move(places.jobs)) {
    auto id = places.ids.begin();
    const std::span<const eth::Log> logs(batch.logs);
    for (std::size_t at = 0; at < logs.size(); at += kLogsAtOnce) {
        for (auto& fact : facts_of(batch, logs.subspan(at, std::min(kLogsAtOnce, logs.size() - at)))) {
            fact.id = *id++;
            std::optional<JobRow> row;
            apply_event(row, fact);
            encode(journal_, fact);
            encode(jobs_, *row);
            if (is_news(fact.at, now)) {
                put_news(news_, *row, fact, places.chain);
            }
        }
    }
}

void Creations::write(store::Txn& txn) const {
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
