// The gateway's REST interface, as the command uses it.
#pragma once

#include <string>

#include "context.hpp"

namespace lamda::cli {

/// The answer's body when the status is 2xx. @throws std::runtime_error with the problem document's detail
/// and fields
std::string gateway_get(Context& context, const std::string& path);
std::string gateway_post(Context& context, const std::string& path, const std::string& body);

}  // namespace lamda::cli
