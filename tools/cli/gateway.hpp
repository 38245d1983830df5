// The gateway's REST interface, as the command uses it.
#pragma once

#include <string>

#include "tools/cli/context.hpp"

namespace lamda::cli {

/// The gateway's address as people write it: `http://host:8080/` and `…/api` are the same gateway. Errors:
/// `invalid_url`.
Result<std::string> gateway_base(std::string_view text);

/// The answer's body when the status is 2xx. @throws std::runtime_error with the problem document's detail
/// and fields
std::string gateway_get(Context& context, const std::string& path);
std::string gateway_post(Context& context, const std::string& path, const std::string& body);

}  // namespace lamda::cli
