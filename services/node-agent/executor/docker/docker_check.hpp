// Check of the Docker engine for `lamda-node-agent --check`.
#pragma once

#include "services/node-agent/check/finding.hpp"
#include "services/node-agent/executor/docker/docker_engine.hpp"

namespace lamda::agent {

/// Version and API, the limits that the engine can enforce, bridge network, runtime. @throws
/// net::TransportError if the engine does not answer
/// @param runtime AGENT_RUNTIME; empty: the engine's default
std::vector<Finding> check_engine(DockerEngine& engine, const std::string& runtime);

/// Product, version and API of the engine, by its GET /version: "Docker 29.0.1, API 1.52" or "Podman 4.3.1 by
/// its Docker-compatible API 1.41". Pure.
std::string describe_engine(const std::string& version);

/// Judges the engine's reports (GET /version, GET /info). Pure.
std::vector<Finding> judge_engine(const std::string& version, const std::string& info,
                                  const std::string& runtime);

}  // namespace lamda::agent
