// What an engine's or a registry's refusal means for an attempt: pure functions, no I/O. Docker's and
// podman's words, as far as no status tells.
#pragma once

#include <string_view>

namespace lamda::agent {

enum class PullFault {
    kImpossible,  ///< no engine takes such a name: the same for every attempt
    kDenied,      ///< the registry says that it has no such image, or not for this provider
    kPassing      ///< limits, outages, cut transfers, and all that is not known
};
PullFault pull_fault(int status, std::string_view message);

/// Whether a start that failed so fails for every attempt: the command or the user is not in the image, or
/// cannot be run.
bool is_impossible_start(std::string_view message);

/// Whether the engine refuses a container because of the devices that it asks for.
bool lacks_device(std::string_view message);

/// Whether the engine refuses a container because its storage driver cannot hold it to a size.
bool lacks_quota(std::string_view message);

}  // namespace lamda::agent
