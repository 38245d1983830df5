// Projects a source's facts into journal and rows, in the transaction that moves the cursor.
#pragma once

#include <functional>
#include <span>
#include <unordered_set>

#include "pgingest/projector.hpp"
#include "services/job-dispatcher/ingest/deployment.hpp"
#include "services/job-dispatcher/ingest/job_fact_source.hpp"
#include "services/job-dispatcher/ingest/progress_store.hpp"
#include "services/job-dispatcher/jobs/job_write.hpp"
#include "telemetry/log.hpp"

namespace lamda::dispatch {

/// Reaction to blocks that become final.
struct OnFinal {
    /// In the transaction that makes the blocks final; may run again if that fails. Returns false if it
    /// leaves work for the loops that wait for a notification.
    std::function<bool(store::Txn& txn, const NewlyFinal& blocks)> within;
    /// After its commit.
    std::function<void()> committed;
};

class JobProjection final : public pgingest::Projection {
  public:
    JobProjection(store::Database& database, const JobFactSource& source, Deployment& deployment,
                  StreamProgress& progress, const Clock& clock, telemetry::Log log);
    /// Sets the reaction to final blocks. Without it the assignment loop evaluates their jobs later.
    void on_final(OnFinal reaction) { on_final_ = std::move(reaction); }
    PreparedApply prepare(const ingest::Batch& batch) override;
    void apply(store::Txn& txn, const ingest::Batch& batch, const pgingest::StreamState& state) override;
    void unwind(store::Txn& txn, const ingest::Unwind& unwind, const pgingest::StreamState& state) override;
    void boundary(store::Txn& txn, const pgingest::StreamState& state) override;
    /// Attempts may be sent from now on: not before the commit, which may fail and would leave out a
    /// confirmation.
    void reached_head() override;

  private:
    /// @param known the jobs of `facts` that have a row; the caller holds these rows
    void apply_facts(store::Txn& txn, const std::vector<JobEvent>& facts, std::unordered_set<JobId> known);
    std::vector<JobWrite> apply_chunk(store::Txn& txn, std::span<const JobEvent> facts,
                                      const std::unordered_set<JobId>& known, bool early,
                                      const Policy& policy);
    void advance(store::Txn& txn, const ingest::Batch& batch, const pgingest::StreamState& state);
    /// Reacts to the blocks that this transaction makes final.
    void react(store::Txn& txn, const NewlyFinal& blocks);

    store::Database& database_;
    const JobFactSource& source_;
    Deployment& deployment_;
    StreamProgress& progress_;
    const Clock& clock_;
    telemetry::Log log_;
    OnFinal on_final_;
    bool row_exists_ = false;  ///< the batch creates a job that has a row: apply it without its preparation
};

}  // namespace lamda::dispatch
