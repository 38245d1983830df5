// The most that one job may ask of this machine: pure functions, no I/O.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "wire/job_spec.hpp"

namespace lamda::agent {

/// The machine's resources. 0: unknown.
struct Machine {
    std::uint64_t memory_bytes = 0;
    std::uint32_t cpus = 0;
    std::uint64_t disk_bytes = 0;  ///< of the file system with the jobs' folders
};

/// Absent: no limit is known. Of GPUs the engine alone knows whether it has them.
struct Offer {
    std::optional<std::uint64_t> cpu_millis;
    std::optional<std::uint64_t> memory_mib;
    std::optional<std::uint64_t> disk_mib;
    std::optional<std::uint64_t> gpus;
};

/// The smaller of the provider's limits and the machine's resources.
Offer offer_of(const Offer& limits, const Machine& machine);

/// Why no attempt of such a job can run here; absent: one can.
std::optional<std::string> beyond(const wire::Requirements& requirements, const Offer& offer);

}  // namespace lamda::agent
