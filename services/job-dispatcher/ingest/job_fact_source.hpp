// Source of facts about jobs' escrows: turns the logs of whatever holds the money into facts of one form. The
// journal, the fold and the dispatcher know these facts only.
#pragma once

#include <optional>
#include <vector>

#include "ingest/log_stream.hpp"
#include "services/job-dispatcher/jobs/journal_entry.hpp"

namespace lamda::dispatch {

/// One fact about a job's escrow. Fields that its kind does not carry are absent.
struct JobFact {
    ChainFact kind = ChainFact::kCreated;
    JobId job_id;
    std::optional<Address> renter;    ///< of `created`
    std::optional<Address> provider;  ///< of `created`: the one that the renter named; of `claimed`
    std::optional<U256> amount;       ///< wei: payment of `created`, amount of `claimed`
    ChainPosition position;
    Timestamp at;  ///< block time
};

/// Facts in the form of new journal entries: a copy of all facts would cost 2 % of a backfill's processor
/// time.
class FactList {
  public:
    /// @param most expected number of facts
    explicit FactList(std::size_t most) { entries_.reserve(most); }
    void add(const JobFact& fact);
    std::vector<JobEvent> take() && { return std::move(entries_); }

  private:
    std::vector<JobEvent> entries_;
};

/// The seam between a settlement and the dispatcher. Thread-safe: batches are prepared on another thread.
class JobFactSource {
  public:
    virtual ~JobFactSource() = default;
    /// Returns the topics of the logs that are facts: the stream's filter.
    virtual std::vector<Topic> topics() const = 0;
    /// Adds the facts of the batch's logs, in chain order. Skips other logs. One call for each batch, because
    /// backfills decode millions of logs.
    virtual void read(const ingest::Batch& batch, FactList& out) const = 0;
};

/// Returns the batch's facts as new journal entries, in chain order.
std::vector<JobEvent> read_entries(const JobFactSource& source, const ingest::Batch& batch);

}  // namespace lamda::dispatch
