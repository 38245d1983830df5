// A request to the gateway as a command line of curl, for `--curl`.
#pragma once

#include <string>
#include <vector>

#include "net/http_client.hpp"

namespace lamda::cli {

/// Names of secrets, by where the request holds them.
struct ShownVariables {
    std::vector<std::string> in_headers = {};
    std::vector<std::string> in_body = {};
};

/// Returns one line for a POSIX shell, without a line end, that makes the request.
/// @param base address of the gateway; one that holds a login is shown as `$LAMDA_API_URL`
/// @param path with its query
/// @param variables `$NAME` of these is left for the shell to replace, and nothing else is. Texts of users
/// must not be where a variable is replaced.
std::string curl_command(const std::string& base, const std::string& path, const net::HttpRequest& request,
                         const ShownVariables& variables = {});

}  // namespace lamda::cli
