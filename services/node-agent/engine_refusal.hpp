// What an engine's or a registry's refusal means for an attempt, and what this machine cannot give: pure
// functions, no I/O. Docker's and podman's words, as far as no status tells.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "wire/job_spec.hpp"

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

/// What the engine has. 0: it does not say.
struct Machine {
    std::uint64_t memory_bytes = 0;
    std::uint32_t cpus = 0;
};
/// Why this machine can never run it; absent: it may.
std::optional<std::string> beyond(const wire::Requirements& requirements, const Machine& machine);

}  // namespace lamda::agent
