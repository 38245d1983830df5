// PreparedBatch: what a large batch of logs comes to as far as no row is needed, worked out before its turn.
// A job that the batch creates has no row: its entries and its own row follow from the logs alone. In a
// backfill that is most of the work, and the database then only takes the rows.
#pragma once

#include <memory>
#include <stdexcept>
#include <vector>

#include "ingest/log_stream.hpp"
#include "services/job-dispatcher/jobs/journal_entry.hpp"
#include "store/database.hpp"

namespace lamda::dispatch {

class PreparedBatch {
  public:
    /// A job that the batch creates has a row: it came back after a reorg.
    struct MetKnown : std::runtime_error {
        using std::runtime_error::runtime_error;
    };

    /// Null for a batch that is small, creates no job, or holds news (see is_recent). To look for the rows of
    /// many new jobs would cost a tenth of writing them: that they have none is hoped for, and the primary
    /// key knows.
    static std::unique_ptr<PreparedBatch> of(const ingest::Batch& batch, store::Database& database,
                                             Timestamp now);
    /// Gives all of the batch's entries their ids, and writes journal and rows of the jobs that it creates.
    /// The rows of the other jobs are held by the caller. @throws MetKnown
    void write(store::Txn& txn);
    /// Facts about other jobs, in the chain's order; with their ids once it is written.
    const std::vector<JobEvent>& rest() const { return rest_; }

  private:
    PreparedBatch(std::vector<JobEvent> facts, store::CopyShape journal, store::CopyShape jobs);

    std::size_t facts_;
    store::EncodedRows journal_;
    store::EncodedRows jobs_;
    std::vector<JobEvent> rest_;
    // Which of the batch's facts, by their place in it:
    std::vector<std::size_t> in_journal_;  ///< is each entry of journal_
    std::vector<std::size_t> last_of_;     ///< is the last about each of jobs_
    std::vector<std::size_t> in_rest_;
};

}  // namespace lamda::dispatch
