// Encodes the rows of a large batch ahead of its transaction, as far as they follow from the logs alone:
// entries and rows of the jobs that the batch creates. In a backfill this is most of the work.
#pragma once

#include <memory>
#include <stdexcept>
#include <vector>

#include "services/job-dispatcher/jobs/journal_entry.hpp"
#include "store/database.hpp"

namespace lamda::dispatch {

class PreparedBatch {
  public:
    /// A job that the batch creates has a row already: it was created again after a reorg.
    struct RowExists : std::runtime_error {
        using std::runtime_error::runtime_error;
    };

    /// Returns null if the facts create no job, or are recent (see is_recent).
    ///
    /// Inserts without checking for existing rows and handles a primary-key violation: a look-up for many new
    /// jobs costs a tenth of the insert.
    /// @param facts of a batch, as new journal entries in chain order
    static std::unique_ptr<PreparedBatch> of(std::vector<JobEvent> facts, store::Database& database,
                                             Timestamp now);
    /// Reserves ids for all entries of the batch, and writes journal and rows of the jobs that it creates.
    /// The caller holds the rows of the other jobs. @throws RowExists
    void write(store::Txn& txn);
    /// Facts about other jobs, in chain order; with ids after write().
    const std::vector<JobEvent>& rest() const { return rest_; }

  private:
    PreparedBatch(std::vector<JobEvent> facts, store::CopyShape journal, store::CopyShape jobs);

    std::size_t facts_;
    store::EncodedRows journal_;
    store::EncodedRows jobs_;
    std::vector<JobEvent> rest_;
    // Indexes into the batch's facts:
    std::vector<std::size_t> in_journal_;  ///< for each entry of journal_
    std::vector<std::size_t> last_of_;     ///< for each row of jobs_, its last fact
    std::vector<std::size_t> in_rest_;     ///< for each fact of rest_
};

}  // namespace lamda::dispatch
