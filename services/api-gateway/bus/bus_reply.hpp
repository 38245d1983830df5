// Replies of services on the bus: a result, or a problem document.
#pragma once

#include <string>

namespace lamda::gateway {

/// Throws a problem document as problem::Problem; any other JSON object is a result.
/// @throws problem::Problem, std::runtime_error if the reply is no JSON object
void require_result(const std::string& reply);

}  // namespace lamda::gateway
