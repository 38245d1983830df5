// Client of the gateway's REST interface.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "tools/cli/context.hpp"
#include "tools/cli/curl_command.hpp"

namespace lamda::cli {

/// Normalizes a gateway address: `http://host:8080`, `…/` and `…/api` are equal. Errors: `invalid_url`.
Result<std::string> gateway_base(std::string_view text);

/// Prints the request as a command line of curl, and ends the command. @throws RequestShown
/// @param variables as of curl_command()
[[noreturn]] void show_request(Context& context, const std::string& path, const net::HttpRequest& request,
                               const ShownVariables& variables = {});

// With --curl the calls below show the request instead of sending it.

/// Returns the body of a 2xx answer. @throws std::runtime_error with the problem document's detail and fields
/// @param token the operator's, as bearer token; empty: none
std::string gateway_get(Context& context, const std::string& path, const std::string& token = "");
std::string gateway_delete(Context& context, const std::string& path, const std::string& token);
/// Calls `take` with each line of a streamed answer that is not empty, without its end. Returns when the
/// answer has ended or was cut.
/// @throws std::runtime_error as gateway_get(), and if there is no answer at all
void gateway_lines(Context& context, const std::string& path,
                   const std::function<void(const std::string&)>& take);
/// @param token the operator's, as bearer token; empty: none
std::string gateway_post(Context& context, const std::string& path, const std::string& body,
                         const std::string& token = "");

}  // namespace lamda::cli
