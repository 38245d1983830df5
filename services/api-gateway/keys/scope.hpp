// Scopes of API keys: what the holder of a key may do.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/result.hpp"

namespace lamda::gateway {

enum class Scope {
    kAccountRead,   ///< `account:read`: the sessions and keys of the key's own wallet
    kFilesWrite,    ///< `files:write`: uploads, counted for the key's own wallet
    kSessionsRead,  ///< `sessions:read`: whether any token is of a session, and whose
    kProfilesWrite  ///< `profiles:write`: the attributes of any wallet
};

std::string_view to_string(Scope scope);
/// Errors: `unknown_scope`, which lists the known ones.
Result<Scope> parse_scope(std::string_view text);
/// True if only the operator may issue keys with the scope, since it reaches beyond one wallet.
bool is_privileged(Scope scope);

}  // namespace lamda::gateway
