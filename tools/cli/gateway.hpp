// Client of the gateway's REST interface.
#pragma once

#include <string>

#include "tools/cli/context.hpp"

namespace lamda::cli {

/// Normalizes a gateway address: `http://host:8080`, `…/` and `…/api` are equal. Errors: `invalid_url`.
Result<std::string> gateway_base(std::string_view text);

/// Returns the body of a 2xx answer. @throws std::runtime_error with the problem document's detail and fields
std::string gateway_get(Context& context, const std::string& path);
std::string gateway_post(Context& context, const std::string& path, const std::string& body);

}  // namespace lamda::cli
