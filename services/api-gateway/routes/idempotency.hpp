// Idempotency-Key: a request that a client repeats because it did not see the answer is one request.
#pragma once

#include <optional>
#include <string>

#include "services/api-gateway/routes/api.hpp"
#include "wire/job_spec.hpp"

namespace lamda::gateway {

/// @throws http::Problem 400 when it is empty or too long
std::optional<std::string> idempotency_key(const http::Request& request);

/// What the dispatcher is to take for one command: the same key of the same caller. It refuses another
/// command under the same id, so that nobody is given the answer to what they did not ask.
/// @param caller who has proven to ask: a space of keys of its own
std::string command_id(const http::Request& request, const std::string& caller);

/// The spec with the salt that it was given when this renter's key came first; remembered for a day. Without
/// a key: as it is. @param body in a form that does not depend on blanks and order
/// @throws http::Problem 422 when the key came with another body
wire::JobSpec submitted_once(const Parts& parts, const http::Request& request, const std::string& body,
                             wire::JobSpec spec);

}  // namespace lamda::gateway
