// The job and the payment that a request offers: the body of POST /api/jobs and of POST /api/jobs/check.
#pragma once

#include <optional>

#include "core/u256.hpp"
#include "views/body.hpp"
#include "wire/provider_policy.hpp"

namespace lamda::gateway {

struct JobOffer {
    U256 payment;                       ///< wei; 0: absent or invalid
    std::optional<wire::JobSpec> spec;  ///< completed; absent: it is absent or invalid
};

/// Reads the members `spec` and `payment_amount`; adds a fault to `body` for each breach. An absent salt is
/// random. No I/O.
JobOffer read_offer(views::Body& body, ChainId chain, const Address& job_manager);

/// The fault of an offer that pays less than its spec asks for; nullopt: none.
std::optional<problem::FieldError> payment_fault(const wire::JobSpec& spec, const U256& payment);
/// The fault of an offer whose provider is not registered.
problem::FieldError unknown_provider();
/// The faults of an offer that the provider's published policy refuses, by pointer into the body.
std::vector<problem::FieldError> policy_faults(const wire::ProviderPolicy& policy, const wire::JobSpec& spec,
                                               const U256& payment);

}  // namespace lamda::gateway
