// Repairs the jobs' journal where an audit found missing or wrong entries, and folds the rows again.
#pragma once

#include <vector>

#include "pgingest/pg_audit.hpp"
#include "services/job-dispatcher/ingest/deployment.hpp"
#include "services/job-dispatcher/ingest/job_fact_source.hpp"

namespace lamda::dispatch {

/// Repair of one job's journal. An entry's position is its id, so a late fact cannot simply be appended:
/// facts before a job's first creation have no effect.
struct JournalPlan {
    std::vector<JobEvent> in_front;       ///< new entries in front of all existing ones
    std::vector<std::int64_t> to_orphan;  ///< entries that `at_end` repeats
    std::vector<JobEvent> at_end;         ///< new entries after all existing ones, in order
};
/// @param journal the job's entries, in order; those that the chain does not have are orphaned already
/// @param missing facts of the job, in chain order
JournalPlan plan_repair(const std::vector<JobEvent>& journal, const std::vector<JobEvent>& missing);

class JournalRepair final : public pgingest::Repairable {
  public:
    JournalRepair(const JobFactSource& source, Deployment& deployment, const Clock& clock);
    ingest::Differences compare(store::Txn& txn, const ingest::RangeSnapshot& again) override;
    /// Also retracts the attempt of a job whose creation was wrong.
    void repair(store::Txn& txn, const ingest::RangeSnapshot& again) override;

  private:
    const JobFactSource& source_;
    Deployment& deployment_;
    const Clock& clock_;
};

}  // namespace lamda::dispatch
