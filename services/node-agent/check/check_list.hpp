// The checks of `lamda-node-agent --check` for a configuration, apart from those of the executor.
#pragma once

#include <vector>

#include "services/node-agent/check/finding.hpp"
#include "services/node-agent/config.hpp"

namespace lamda::agent {

/// @param config outlives the checks, as does `http`
std::vector<Check> agent_checks(const Config& config, net::Transport& http);

}  // namespace lamda::agent
