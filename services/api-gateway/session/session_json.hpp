// Sessions in answers.
#pragma once

#include "http/message.hpp"
#include "services/api-gateway/session/session_store.hpp"

namespace lamda::gateway {

/// @param current digest of the session that asks; absent: none does
std::string session_json(const Session& session, const std::optional<Bytes32>& current);
/// An answer that no cache may keep.
http::Response private_response(std::string body, int status = 200);

}  // namespace lamda::gateway
