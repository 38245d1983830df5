// Reads answers of the Docker Engine API: JSON values and error messages.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

namespace lamda::agent {

/// Error message of the engine, on one line.
std::string message_of(const std::string& body);

/// @throws EngineError with the status and the message of an error answer
[[noreturn]] void refuse(int status, const std::string& body);

/// @throws EngineError if the body is not JSON
nlohmann::json parse_answer(const std::string& body);

}  // namespace lamda::agent
