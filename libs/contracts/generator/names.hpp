// Names of Solidity turned into names of C++.
#pragma once

#include <string>
#include <string_view>

namespace lamda::abigen {

/// gpuModel → gpu_model, JobManager → job_manager. A keyword gets an underscore behind it.
std::string snake_case(std::string_view name);
/// createJob → CreateJob
std::string pascal_case(std::string_view name);
/// Letters, digits and underscores, no digit first: what may be written into a source file.
bool is_identifier(std::string_view name);

}  // namespace lamda::abigen
