// JobManager's logs as entries of the jobs' journals.
#pragma once

#include <span>
#include <vector>

#include "chain/log_stream.hpp"
#include "job_event.hpp"

namespace lamda::dispatch {

/// Logs of the batch as journal entries, with the times of its blocks; what is none of JobManager's three
/// events is left out.
std::vector<JobEvent> facts_of(const chain::Batch& batch, std::span<const eth::Log> logs);

}  // namespace lamda::dispatch
