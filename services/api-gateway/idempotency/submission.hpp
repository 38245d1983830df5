// POST /api/jobs with an Idempotency-Key: a repetition gets the same job.
#pragma once

#include <optional>
#include <string>

#include "services/api-gateway/routes/api.hpp"
#include "wire/job_spec.hpp"

namespace lamda::gateway {

/// Returns the spec with the salt of an earlier request with this renter's key; nullopt: this is the first
/// one, or there is no key. @param body normalised: independent of blanks and order
/// @throws problem::Problem 422 if the key was used with another body
std::optional<wire::JobSpec> find_submitted(const Parts& parts, const http::Request& request,
                                            const std::string& body, wire::JobSpec spec);

/// Returns the spec with the salt of the first request with this renter's key, stored for a day. Without a
/// key returns the spec unchanged. @param body normalised: independent of blanks and order
/// @throws problem::Problem 422 if the key was used with another body
wire::JobSpec submitted_once(const Parts& parts, const http::Request& request, const std::string& body,
                             wire::JobSpec spec);

}  // namespace lamda::gateway
