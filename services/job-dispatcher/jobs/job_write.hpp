// A change to a job on its way into the database: entries, the row they fold into, attempts, messages —
// together.
#pragma once

#include <vector>

#include "outbox/outbox.hpp"
#include "services/job-dispatcher/jobs/job_transitions.hpp"
#include "store/database.hpp"

namespace lamda::dispatch {

struct JobWrite {
    std::optional<JobRow> before;  ///< absent: the job is new
    std::vector<JobEvent> entries;
    bool send_attempt = false;
    Millis pause{0};  ///< before the attempt leaves
    std::optional<Retract> retract;
    std::optional<wire::JobSpec> spec;  ///< needed to send an attempt
    std::optional<JobRow> after;  ///< given: the row was folded anew (unwind); else `before` and the entries

    /// What a decision adds. Its attempt replaces one that an earlier decision of this change would have
    /// sent.
    void add(JobTransition transition);
};

/// Writes them: journal, rows, attempts, outbox. Every `after` is set. Events for the live feed are left out
/// for what is no news any more.
void write_jobs(store::Txn& txn, std::vector<JobWrite>& writes, ChainId chain, Timestamp now);

}  // namespace lamda::dispatch
