// Members shared by a job spec and an assignment: command, environment, requirements. Internal to wire.
#pragma once

#include "wire/detail/fields.hpp"
#include "wire/job_spec.hpp"

namespace lamda::wire::detail {

inline constexpr std::size_t kMostImageBytes = 255;

std::vector<std::string> read_command(Fields& fields);
std::map<std::string, std::string> read_env(Fields& fields);
Requirements read_requirements(Fields& fields);

/// Sealed secrets by name: 1–16, each of at most 16 KiB and the overhead of crypto::seal.
std::map<std::string, std::string> read_secrets(Fields& fields);

Json command_json(const std::vector<std::string>& command);
Json env_json(const std::map<std::string, std::string>& env);
Json requirements_json(const Requirements& requirements);

}  // namespace lamda::wire::detail
