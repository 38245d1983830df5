// A request to the gateway as a command line of curl, for `--curl`.
#pragma once

#include <string>
#include <vector>

#include "net/http_client.hpp"

namespace lamda::cli {

/// Returns one line for a POSIX shell, without a line end, that makes the request.
/// @param base address of the gateway; one that holds a login is shown as `$LAMDA_API_URL`
/// @param path with its query
/// @param variables names of secrets: `$NAME` in headers and body is left for the shell to replace, and
/// nothing else is. The caller's texts must not hold `$NAME` otherwise.
std::string curl_command(const std::string& base, const std::string& path, const net::HttpRequest& request,
                         const std::vector<std::string>& variables = {});

}  // namespace lamda::cli
