// PreparedBatch: what a large batch of logs comes to as far as no row is needed, worked out before its turn.
// A job that the batch creates has no row: its entries and its own row follow from the logs alone. In a
// backfill that is most of the work, and the database then only takes the rows.
#pragma once

#include <memory>
#include <stdexcept>
#include <vector>

#include "chain/log_stream.hpp"
#include "job_event.hpp"
#include "market.hpp"
#include "pipeline/outbox.hpp"
#include "store/database.hpp"

namespace lamda::dispatch {

/// From so many on, a batch counts as large.
constexpr std::size_t kManyLogs = 500;

class PreparedBatch {
  public:
    /// A job that the batch creates has a row: it came back after a reorg.
    struct MetKnown : std::runtime_error {
        using std::runtime_error::runtime_error;
    };

    /// Null for a batch that is small or creates no job. To look for the rows of many new jobs would cost a
    /// tenth of writing them: that they have none is hoped for, and the primary key knows.
    /// @param now what happened long before it is no news to anybody
    static std::unique_ptr<const PreparedBatch> of(const chain::Batch& batch, store::Database& database,
                                                   Market& market, Timestamp now);
    /// Journal, rows and news of the jobs that the batch creates. @throws MetKnown
    void write(store::Txn& txn) const;
    /// Facts about other jobs, in the chain's order, with their ids.
    const std::vector<JobEvent>& rest() const { return rest_; }

  private:
    struct Places;
    PreparedBatch(std::vector<JobEvent> facts, Places places, Timestamp now);

    store::EncodedRows journal_;
    store::EncodedRows jobs_;
    std::vector<pipeline::OutboxMessage> news_;
    std::vector<JobEvent> rest_;
};

}  // namespace lamda::dispatch
