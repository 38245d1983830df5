// Logins of registries, from a file in the format of Docker's config.json.
// https://docs.docker.com/reference/cli/docker/login/ (`auths`), containers-auth.json(5) (keys with a path)
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/result.hpp"
#include "runtime/secret.hpp"

namespace lamda::agent {

/// Registry, or repositories below a path of a registry, and the login for them.
struct RegistryLogin {
    std::string scope;       ///< `host[:port]` or `host[:port]/path`, in lowercase; Docker Hub is docker.io
    runtime::Secret header;  ///< value of X-Registry-Auth
};

/// Reads `auths`: `auth` (base64 of `user:password`), or `username` and `password`, or `identitytoken`.
/// Messages name the entry, never a value. Errors: `invalid_auth_file`. Pure.
Result<std::vector<RegistryLogin>> parse_registry_logins(const runtime::Secret& text);

/// Reads the file; at most 64 KiB. Errors: those of parse_registry_logins, `unreadable`.
Result<std::vector<RegistryLogin>> read_registry_logins(const std::string& path);

/// The login whose scope covers the image and is the longest; null: none. Pure.
/// @param reference passes wire::check_image_reference
const RegistryLogin* login_for(std::string_view reference, const std::vector<RegistryLogin>& logins);

}  // namespace lamda::agent
