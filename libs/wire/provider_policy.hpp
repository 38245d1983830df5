// ProviderPolicy: the terms on which a provider runs a job. The agent judges assignments by it, and the
// gateway judges jobs by the published one before the renter pays. Pure functions, no I/O.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/ids.hpp"
#include "core/result.hpp"
#include "core/u256.hpp"
#include "wire/job_spec.hpp"

namespace lamda::wire {

/// Amounts of a machine's resources; absent: unknown, or without limit.
struct ResourceLimits {
    std::optional<std::uint64_t> cpu_millis;
    std::optional<std::uint64_t> memory_mib;
    std::optional<std::uint64_t> disk_mib;
    std::optional<std::uint64_t> gpus;
    bool operator==(const ResourceLimits&) const = default;
};

/// Least price in wei, each below 2^128; 0: anything.
struct LeastPrice {
    U256 cpu_second;         ///< per CPU (1,000 cpuMillis) and second
    U256 memory_gib_second;  ///< per 1,024 memoryMib and second
    U256 gpu_second;         ///< per GPU and second
    bool operator==(const LeastPrice&) const = default;
};

struct ProviderPolicy {
    LeastPrice price;
    std::uint32_t max_time_seconds = 86'400;             ///< largest timeLimitSeconds
    ResourceLimits most;                                 ///< of one job
    bool network = true;                                 ///< false: no job with a network
    std::vector<Address> renters_allowed;                ///< empty: all
    std::vector<Address> renters_denied;                 ///< refused even if allowed
    std::vector<std::string> images;                     ///< patterns (matches_image); empty: all
    std::optional<std::vector<std::string>> registries;  ///< host[:port]; absent: not stated
    std::vector<std::string> local_images;               ///< references that need no registry
    bool operator==(const ProviderPolicy&) const = default;
};

/// The facts of a job that a policy judges.
struct JobTerms {
    Requirements requirements;
    std::string docker_image;       ///< a valid reference
    std::optional<Address> renter;  ///< absent: unknown
    std::optional<U256> payment;    ///< wei; absent: unknown
};

/// The least payment for the requirements over their whole time limit, in wei, rounded up:
/// timeLimitSeconds × (cpuMillis / 1000 × cpu_second + memoryMib / 1024 × memory_gib_second + gpuCount ×
/// gpu_second).
U256 least_payment(const Requirements& requirements, const LeastPrice& price);

/// True if the whole normal form of the reference (normalize_image) matches the pattern, in which `*` stands
/// for any number of any characters.
bool matches_image(std::string_view pattern, std::string_view reference);

/// Reasons why the policy refuses the job, in a fixed order; empty: it runs the job. `where` is the pointer
/// of the field in the spec, or `/payment`. Codes: `payment_too_low`, `payment_unknown`, `time_too_long`,
/// `resources_too_large`, `network_refused`, `renter_refused`, `renter_unknown`, `image_refused`,
/// `registry_not_allowed`. A payment or renter that is unknown is refused only if the policy asks for it.
std::vector<Error> policy_refusals(const ProviderPolicy& policy, const JobTerms& job);

}  // namespace lamda::wire
