// Idempotency-Key: a request that a client repeats with the same key takes effect once.
#pragma once

#include <optional>
#include <string>

#include "services/api-gateway/routes/api.hpp"
#include "wire/job_spec.hpp"

namespace lamda::gateway {

/// Returns the header's value; nullopt: none. @throws problem::Problem 400 if it is empty or too long
std::optional<std::string> idempotency_key(const http::Request& request);

/// Returns the command's id for the dispatcher, derived from the caller and the key. The dispatcher refuses
/// another command with the same id.
/// @param caller the authenticated caller; each caller has its own keys
std::string command_id(const http::Request& request, const std::string& caller);

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
