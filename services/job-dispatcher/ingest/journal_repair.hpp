// What a sweep found to be missing or wrong in the journal of jobs is put right, and what follows from it.
#pragma once

#include <vector>

#include "pgingest/pg_audit.hpp"
#include "services/job-dispatcher/ingest/deployment.hpp"

namespace lamda::dispatch {

/// How one job's journal is put right. An entry's place is its id, so a fact that comes late cannot just be
/// added: facts before a job's first creation change nothing.
struct JournalPlan {
    std::vector<JobEvent> in_front;       ///< new entries before all that there are
    std::vector<std::int64_t> to_orphan;  ///< written again by `at_end`
    std::vector<JobEvent> at_end;         ///< new entries after all that there are, in their order
};
/// @param journal of the job, in its order; what the chain does not have is orphaned already
/// @param missing facts of the job, in the order of the chain
JournalPlan plan_repair(const std::vector<JobEvent>& journal, const std::vector<JobEvent>& missing);

class JournalRepair final : public pgingest::Repairable {
  public:
    JournalRepair(Deployment& deployment, const Clock& clock);
    ingest::Differences compare(store::Txn& txn, const ingest::RangeSnapshot& again) override;
    /// An attempt whose job's creation was wrong is retracted.
    void repair(store::Txn& txn, const ingest::RangeSnapshot& again) override;

  private:
    Deployment& deployment_;
    const Clock& clock_;
};

}  // namespace lamda::dispatch
