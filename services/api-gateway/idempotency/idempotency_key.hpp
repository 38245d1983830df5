// Idempotency-Key (draft-ietf-httpapi-idempotency-key-header): the header, and the refusal of a key that is
// used for another request.
#pragma once

#include <optional>
#include <string>

#include "http/message.hpp"

namespace lamda::gateway {

/// Returns the header's value; nullopt: none. @throws problem::Problem 400 if it is empty or too long
std::optional<std::string> idempotency_key(const http::Request& request);

/// 422 `key_reused`: the key came with another request before.
problem::Problem key_reused(const std::string& advice);

/// Returns the command's id for the dispatcher, derived from the caller and the key. The dispatcher refuses
/// another command with the same id.
/// @param caller the authenticated caller, without line breaks; each caller has its own keys
std::string command_id(const http::Request& request, const std::string& caller);

}  // namespace lamda::gateway
