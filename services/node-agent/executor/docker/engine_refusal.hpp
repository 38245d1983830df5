// Classifies errors of an engine or a registry: pure functions, no I/O. Matches texts of Docker and podman
// where the status code is ambiguous.
#pragma once

#include <string_view>

namespace lamda::agent {

enum class PullFault {
    kImpossible,  ///< invalid image name: permanent for every attempt
    kDenied,      ///< the registry does not have the image, or denies access to this provider
    kTransient    ///< rate limits, outages, cut transfers, and unknown errors
};
PullFault pull_fault(int status, std::string_view message);

/// True if the start fails for every attempt: the command or the user is missing in the image, or the command
/// is not executable.
bool is_impossible_start(std::string_view message);

/// True if the engine refuses a container because it lacks the requested devices.
bool lacks_device(std::string_view message);

/// True if the engine refuses a container because its storage driver does not support a size limit.
bool lacks_quota(std::string_view message);

}  // namespace lamda::agent
