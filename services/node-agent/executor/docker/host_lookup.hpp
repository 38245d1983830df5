// Resolves a host name with this machine's resolver.
#pragma once

#include <string>
#include <vector>

namespace lamda::agent {

/// Numeric addresses, at least one; a numeric host resolves to itself. Blocks as long as the resolver does.
/// @throws std::runtime_error with the resolver's message
std::vector<std::string> look_up_host(const std::string& host);

}  // namespace lamda::agent
