// Decodes JobManager's logs into journal entries of the jobs.
#pragma once

#include <span>
#include <vector>

#include "ingest/log_stream.hpp"
#include "services/job-dispatcher/jobs/journal_entry.hpp"

namespace lamda::dispatch {

/// Returns journal entries for `logs`, timed by the batch's blocks. Skips logs other than JobManager's three
/// events.
std::vector<JobEvent> facts_of(const ingest::Batch& batch, std::span<const eth::Log> logs);

}  // namespace lamda::dispatch
