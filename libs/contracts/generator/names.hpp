// Conversion of Solidity names to C++ names.
#pragma once

#include <string>
#include <string_view>

namespace lamda::abigen {

/// gpuModel → gpu_model, JobManager → job_manager. Appends an underscore to a keyword.
std::string snake_case(std::string_view name);
/// createJob → CreateJob
std::string pascal_case(std::string_view name);
/// True if the name has only letters, digits and underscores, and does not begin with a digit: it can be
/// written into source code.
bool is_identifier(std::string_view name);

}  // namespace lamda::abigen
