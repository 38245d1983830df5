// Check of the Docker engine for `lamda-node-agent --check`.
#pragma once

#include "services/node-agent/check/finding.hpp"
#include "services/node-agent/executor/docker/docker_engine.hpp"

namespace lamda::agent {

/// Version and API, the limits that the engine can enforce, bridge network, runtime. @throws
/// net::TransportError if the engine does not answer
/// @param runtime AGENT_RUNTIME; empty: the engine's default
std::vector<Finding> check_engine(DockerEngine& engine, const std::string& runtime);

/// Judges the engine's reports (GET /version, GET /info). Pure.
std::vector<Finding> judge_engine(const std::string& version, const std::string& info,
                                  const std::string& runtime);

}  // namespace lamda::agent
