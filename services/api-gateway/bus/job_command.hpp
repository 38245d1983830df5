// Commands to the dispatcher, which owns the jobs: the request on the bus, and its answer.
#pragma once

#include <string>

#include "services/api-gateway/routes/api.hpp"
#include "wire/messages.hpp"

namespace lamda::gateway {

/// Sends a command to the dispatcher, and returns its answer, a JSON object. The answer to a command with the
/// operator's proof must carry the dispatcher's proof.
/// @throws problem::Problem the dispatcher's refusal; 503 `answer_not_proven`
/// @throws bus::Unavailable
std::string send_command(const Parts& parts, const wire::Command& command);

}  // namespace lamda::gateway
