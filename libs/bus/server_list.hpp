// Parses NATS_URL: servers and the login that they share.
#pragma once

#include <string>
#include <vector>

#include "core/result.hpp"

namespace lamda::bus {

struct ServerList {
    std::vector<std::string> urls;  ///< scheme://host[:port], without credentials
    std::string user;               ///< percent-decoded; empty: none
    std::string password;
    std::string token;  ///< from nats://token@host; empty: none
};

/// Reads comma-separated `nats://` or `tls://` URLs with `user:password@` or `token@` before the host. All
/// URLs with a login must have the same one. The error never repeats a part of the text.
Result<ServerList> parse_servers(const std::string& text);

}  // namespace lamda::bus
