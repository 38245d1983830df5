// The lists, and their rows as REST objects (JSON text).
#pragma once

#include <optional>
#include <string>

#include "store/database.hpp"
#include "views/list_query.hpp"

namespace lamda::views {

extern const Resource kJobs;
extern const Resource kNodes;
/// A provider's confirmed jobs with what counts them, newest first: whose they are is part of the question.
extern const Resource kReputationTxs;

std::string node_json(const store::Row& row);
std::string job_json(const store::Row& row);
/// Of a row of api.spec, in the shape of a job that no block holds: status `submitted`. Nothing when the spec
/// is not one that a job can have.
std::optional<std::string> submitted_json(const JobId& id, const store::Row& row);
std::string reputation_tx_json(const store::Row& row);
/// A number of the chain's: a JSON integer while every reader keeps it exactly (below 2^53), else a decimal
/// string.
std::string number_json(const U256& value);

}  // namespace lamda::views
