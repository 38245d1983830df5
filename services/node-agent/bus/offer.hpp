// Resources that this machine offers to one job: pure functions, no I/O.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "wire/provider_policy.hpp"

namespace lamda::agent {

/// The machine's resources. 0: unknown.
struct Machine {
    std::uint64_t memory_bytes = 0;
    std::uint32_t cpus = 0;
    std::uint64_t disk_bytes = 0;  ///< capacity of the jobs' file system
};

/// Limits per job; absent: unknown.
using Offer = wire::ResourceLimits;

/// The smaller of the provider's limits and the machine's resources.
Offer offer_of(const Offer& limits, const Machine& machine);

/// Reason why no attempt of a job with these requirements can run here; absent: the offer covers them.
std::optional<std::string> unmet_requirement(const wire::Requirements& requirements, const Offer& offer);

}  // namespace lamda::agent
