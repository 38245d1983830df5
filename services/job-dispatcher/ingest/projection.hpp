// JobManager's logs become journal and rows, in the transaction that moves the cursor. Judging comes later,
// from the rows (judge_loop).
#pragma once

#include <span>
#include <unordered_set>

#include "pgingest/projector.hpp"
#include "services/job-dispatcher/ingest/deployment.hpp"
#include "services/job-dispatcher/jobs/job_write.hpp"
#include "telemetry/log.hpp"

namespace lamda::dispatch {

/// What wakes the judge and everybody who waits for rows.
constexpr auto kWakeChannel = "lamda_dispatch";

class JobProjection final : public pgingest::Projection {
  public:
    JobProjection(store::Database& database, Deployment& deployment, StreamProgress& progress,
                  const Clock& clock, telemetry::Log log);
    PreparedApply prepare(const ingest::Batch& batch) override;
    void apply(store::Txn& txn, const ingest::Batch& batch, const pgingest::StreamState& state) override;
    void unwind(store::Txn& txn, const ingest::Unwind& unwind, const pgingest::StreamState& state) override;
    void boundary(store::Txn& txn, const pgingest::StreamState& state) override;

  private:
    /// @param known those of their jobs that have a row, which is held
    void apply_facts(store::Txn& txn, const std::vector<JobEvent>& facts, std::unordered_set<JobId> known);
    std::vector<JobWrite> apply_some(store::Txn& txn, std::span<const JobEvent> facts,
                                     const std::unordered_set<JobId>& known, bool early,
                                     const Policy& policy);
    void advance(store::Txn& txn, const ingest::Batch& batch, const pgingest::StreamState& state);

    store::Database& database_;
    Deployment& deployment_;
    StreamProgress& progress_;
    const Clock& clock_;
    telemetry::Log log_;
    bool met_known_ = false;  ///< the batch creates a job that has a row: when it is applied again
};

}  // namespace lamda::dispatch
