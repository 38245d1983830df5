// ProviderNotice: the text of a heartbeat's notice. Facts about a provider that change seldom, or that no
// decision of a dispatcher needs.
#pragma once

#include "wire/provider_policy.hpp"

namespace lamda::wire {

struct ProviderNotice {
    std::optional<ProviderPolicy> policy;
    std::optional<ResourceLimits> offered;  ///< to all jobs together; an absent amount is unknown
    std::optional<ResourceLimits> free;     ///< of `offered`, by the requirements of the jobs that run
    bool draining = false;                  ///< takes no new work, finishes what it has
    bool operator==(const ProviderNotice&) const = default;
};

/// Upper bounds of a policy's lists.
inline constexpr std::size_t kMostPolicyRenters = 256;
inline constexpr std::size_t kMostPolicyImages = 256;

std::string to_json(const ProviderNotice& notice);
/// Reads a notice or a policy; unknown fields are ignored, and an absent field restricts nothing. Errors name
/// the field by JSON pointer.
Result<ProviderNotice> parse_notice(std::string_view json);
std::string to_json(const ProviderPolicy& policy);
Result<ProviderPolicy> parse_policy(std::string_view json);

std::string to_json(const ResourceLimits& limits);

}  // namespace lamda::wire
