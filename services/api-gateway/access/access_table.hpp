// Table of the gateway's routes and the callers that may use each. A route that is not in it cannot be added.
#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "services/api-gateway/keys/scope.hpp"

namespace lamda::gateway {

/// Callers of a route; a route may have several.
enum class Callers : unsigned {
    kAnyone = 1,     ///< without credentials; an API key counts for its rate limit only
    kProof = 2,      ///< a signature in the request that the handler or a service verifies
    kSession = 4,    ///< a wallet that has signed in
    kKey = 8,        ///< an API key with the rule's scope
    kOperator = 16,  ///< the operator's token
};
constexpr Callers operator|(Callers a, Callers b) {
    return static_cast<Callers>(static_cast<unsigned>(a) | static_cast<unsigned>(b));
}
constexpr bool includes(Callers all, Callers one) {
    return (static_cast<unsigned>(all) & static_cast<unsigned>(one)) != 0;
}

struct AccessRule {
    std::string_view method;
    std::string_view pattern;
    Callers callers;
    std::optional<Scope> scope = std::nullopt;  ///< with kKey
};

/// False: any client may use the route, with or without credentials.
constexpr bool takes_credentials(const AccessRule& rule) {
    return includes(rule.callers, Callers::kSession | Callers::kKey | Callers::kOperator);
}

std::span<const AccessRule> access_table();
/// @throws std::logic_error for a route that is not in the table
const AccessRule& access_rule(std::string_view method, std::string_view pattern);

}  // namespace lamda::gateway
