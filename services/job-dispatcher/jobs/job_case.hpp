// Loads jobs with the data that decisions about them need.
#pragma once

#include <map>
#include <vector>

#include "services/job-dispatcher/jobs/job_write.hpp"
#include "store/database.hpp"

namespace lamda::dispatch {

/// A job whose row is locked, and its spec.
struct JobCase {
    JobRow row;
    SpecKnown spec;

    /// Returns a change of the job that changes nothing yet.
    JobWrite unchanged() const;
};

/// Locks the jobs in the order of their ids, and reads their specs. Skips unknown ids.
std::map<JobId, JobCase> load_jobs(store::Txn& txn, const std::vector<JobId>& ids);
/// Like load_jobs(), but skips jobs that another transaction has locked.
std::map<JobId, JobCase> load_free_jobs(store::Txn& txn, const std::vector<JobId>& ids);

}  // namespace lamda::dispatch
