// The lists of schema `api`, and their rows as REST objects (JSON text).
#pragma once

#include <optional>
#include <string>

#include "store/database.hpp"
#include "views/list_query.hpp"

namespace lamda::views {

extern const Resource kJobs;
extern const Resource kNodes;
/// A provider's confirmed jobs with the transactions that count them, newest first. The route sets the
/// provider.
extern const Resource kReputationTxs;
/// Changes of a node's presence, newest first. The route sets the node.
extern const Resource kNodeHistory;

std::string node_json(const store::Row& row);
std::string job_json(const store::Row& row);
/// JSON of a row of api.spec, in the form of a job that is in no block: status `submitted`. Nullopt if the
/// spec cannot be a job's.
std::optional<std::string> submitted_json(const JobId& id, const store::Row& row);
/// A number from the chain: a JSON integer if every reader represents it exactly (below 2^53), else a decimal
/// string.
std::string number_json(const U256& value);

}  // namespace lamda::views
