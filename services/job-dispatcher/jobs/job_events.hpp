// What the live feed is told of jobs.
#pragma once

#include <string>
#include <vector>

#include "outbox/outbox.hpp"
#include "services/job-dispatcher/jobs/job_fold.hpp"

namespace lamda::dispatch {

/// That the job is as `row` shows, because of `cause`: to those who follow this job, and those who follow
/// all.
/// @param mark tells an event about taking an entry back from the one about the entry itself
void put_job_event(std::vector<outbox::OutboxMessage>& out, const JobRow& row, const JobEvent& cause,
                   ChainId chain, const std::string& mark = "");
/// apply_event(), told where it changes what people see.
void apply_with_events(std::optional<JobRow>& row, const JobEvent& entry, ChainId chain, Timestamp now,
                       std::vector<outbox::OutboxMessage>& out);

}  // namespace lamda::dispatch
