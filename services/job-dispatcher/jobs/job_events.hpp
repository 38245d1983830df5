// Events about jobs for the live feed.
#pragma once

#include <string>
#include <vector>

#include "outbox/outbox.hpp"
#include "services/job-dispatcher/jobs/job_fold.hpp"

namespace lamda::dispatch {

/// Appends the event that `cause` brought the job to the state of `row`: for the job's feed and the global
/// feed.
/// @param mark distinguishes the event of an entry's unwind from the event of the entry itself
void put_job_event(std::vector<outbox::OutboxMessage>& out, const JobRow& row, const JobEvent& cause,
                   ChainId chain, const std::string& mark = "");
/// Runs apply_event(), and appends an event if the public status changed recently.
void apply_with_events(std::optional<JobRow>& row, const JobEvent& entry, ChainId chain, Timestamp now,
                       std::vector<outbox::OutboxMessage>& out);

}  // namespace lamda::dispatch
