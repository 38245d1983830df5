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

/// Amounts offered; absent: unknown.
using Offer = wire::ResourceLimits;

/// Amounts that accepted attempts require together.
struct Use {
    std::uint64_t cpu_millis = 0;
    std::uint64_t memory_mib = 0;
    std::uint64_t disk_mib = 0;
    std::uint64_t gpus = 0;
    Use& operator+=(const wire::Requirements& requirements);
    bool operator==(const Use&) const = default;
};

/// Offer to one job: the smaller of the provider's limits and the machine's resources.
Offer offer_of(const Offer& limits, const Machine& machine);

/// Reason why no attempt of a job with these requirements can run here; absent: the offer covers them.
std::optional<std::string> unmet_requirement(const wire::Requirements& requirements, const Offer& offer);

/// Offer to all jobs together: the machine's CPUs, memory and disk times `overcommit`. The number of GPUs is
/// known from the provider's limit only.
/// @param overcommit at least 1
Offer total_offer(const Offer& limits, const Machine& machine, std::uint64_t overcommit);
/// True if the requirements fit next to `used`. An absent amount holds everything.
bool fits(const wire::Requirements& requirements, const Use& used, const Offer& total);
/// The rest of `total`; 0 where more is used than offered.
Offer free_of(const Offer& total, const Use& used);

}  // namespace lamda::agent
