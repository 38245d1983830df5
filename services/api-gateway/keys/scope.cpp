#include "services/api-gateway/keys/scope.hpp"

#include <stdexcept>

namespace lamda::gateway {

namespace {

constexpr Scope kScopes[] = {Scope::kAccountRead, Scope::kFilesWrite, Scope::kSessionsRead,
                             Scope::kProfilesWrite};

}  // namespace

std::string_view to_string(Scope scope) {
    switch (scope) {
        case Scope::kAccountRead:
            return "account:read";
        case Scope::kFilesWrite:
            return "files:write";
        case Scope::kSessionsRead:
            return "sessions:read";
        case Scope::kProfilesWrite:
            return "profiles:write";
    }
    throw std::logic_error("a scope outside its enum");
}

Result<Scope> parse_scope(std::string_view text) {
    std::string known;
    for (const auto scope : kScopes) {
        if (to_string(scope) == text) {
            return scope;
        }
        known += (known.empty() ? "" : ", ") + std::string(to_string(scope));
    }
    return Error{"unknown_scope", "unknown scope; use " + known, ""};
}

bool is_privileged(Scope scope) {
    switch (scope) {
        case Scope::kAccountRead:
        case Scope::kFilesWrite:
            return false;
        case Scope::kSessionsRead:
        case Scope::kProfilesWrite:
            return true;
    }
    throw std::logic_error("a scope outside its enum");
}

}  // namespace lamda::gateway
