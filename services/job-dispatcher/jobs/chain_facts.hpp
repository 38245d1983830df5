// JobManager's logs as entries of the jobs' journals.
#pragma once

#include <span>
#include <vector>

#include "ingest/log_stream.hpp"
#include "services/job-dispatcher/jobs/journal_entry.hpp"

namespace lamda::dispatch {

/// Logs of the batch as journal entries, with the times of its blocks; what is none of JobManager's three
/// events is left out.
std::vector<JobEvent> facts_of(const ingest::Batch& batch, std::span<const eth::Log> logs);

}  // namespace lamda::dispatch
