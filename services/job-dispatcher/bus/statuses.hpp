// A signed status meets its job, or waits for it.
#pragma once

#include <vector>

#include "services/job-dispatcher/ingest/deployment.hpp"
#include "services/job-dispatcher/jobs/job_write.hpp"

namespace lamda::dispatch {

/// A status with what is known of its age.
struct ReceivedStatus {
    wire::JobStatus status;
    std::string body;         ///< as it came
    bool recovering = false;  ///< older than this database: its attempt may be unknown here
};

enum class StatusOutcome {
    kApplied,
    kUnchanged,     ///< a repetition, or progress
    kEarly,         ///< its job is not judged yet: kept
    kNoRoom,        ///< its job is not known, and too many of such are kept already: dropped
    kWrongProvider  ///< the job is another provider's: refuse it
};
std::string_view to_string(StatusOutcome outcome);

/// The status asks for a new attempt, and the chain is not read up to its head yet: roll back, and again
/// later.
class Deferred : public std::runtime_error {
  public:
    Deferred() : std::runtime_error("no attempt leaves before the chain is read up to its head") {}
};

/// Of a status whose signature is right. @throws Deferred
StatusOutcome take_status(store::Txn& txn, const ReceivedStatus& received, const Policy& policy,
                          bool caught_up, Timestamp now);

/// What came before the job was judged, folded into the change: attempts and states of a rebuilt database.
/// Does nothing when nothing waits.
void absorb_early(store::Txn& txn, JobWrite& write, const Policy& policy, Timestamp now);

/// Whether any early status waits: spares the look for each job.
bool early_statuses_wait(store::Txn& txn);

/// `before` with the entries so far.
std::optional<JobRow> present(const JobWrite& write);
/// An attempt that is to be sent and has no spec any more (lost with a former database) cannot leave: the job
/// ends.
void end_without_spec(JobWrite& write, const Policy& policy, Timestamp now);
/// Without its spec no further attempt can leave.
Policy policy_for(const Policy& policy, const std::optional<wire::JobSpec>& spec);

}  // namespace lamda::dispatch
