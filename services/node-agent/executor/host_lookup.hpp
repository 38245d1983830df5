// The addresses of a host name, as this machine's resolver gives them.
#pragma once

#include <string>
#include <vector>

namespace lamda::agent {

/// Numeric addresses, at least one; of a numeric host the host itself. May take as long as the resolver does.
/// @throws std::runtime_error with the resolver's words
std::vector<std::string> look_up_host(const std::string& host);

}  // namespace lamda::agent
