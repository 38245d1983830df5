// The caller of a request, from its credentials and the rule of its route.
#pragma once

#include <optional>

#include "http/message.hpp"
#include "services/api-gateway/access/access_table.hpp"
#include "services/api-gateway/access/token_guard.hpp"
#include "services/api-gateway/config.hpp"
#include "services/api-gateway/keys/key_store.hpp"
#include "services/api-gateway/session/session_store.hpp"

namespace lamda::gateway {

/// At most one member is set; none: the route does not require credentials.
struct Caller {
    std::optional<Session> session;
    std::optional<ApiKey> key;
    bool is_operator = false;

    /// The wallet that signed in, or that owns the key. nullopt: the operator.
    std::optional<Address> wallet() const {
        return session ? session->wallet : key ? key->owner : std::nullopt;
    }
};

struct AccessParts {
    const Config& config;
    store::Database& database;
    TokenGuard& tokens;
};

/// The valid API key that the request bears; nullopt: none. Its use is recorded.
std::optional<ApiKey> find_key(store::Database& database, const http::Request& request);

/// Reads the credentials that the rule allows: `Authorization: Bearer`, or the session's cookie. Returns the
/// refusal of a request that may not use the route: 401 without valid credentials, 403 with others than the
/// rule's, 429 after too many wrong tokens; nullopt: admitted, and `caller` is set.
std::optional<http::Response> admit(const AccessParts& parts, const AccessRule& rule,
                                    const http::Request& request, Caller& caller);

}  // namespace lamda::gateway
