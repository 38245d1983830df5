#include "services/api-gateway/access/access_table.hpp"

#include <algorithm>
#include <stdexcept>
#include <string>

namespace lamda::gateway {

namespace {

using enum Callers;

constexpr AccessRule kTable[] = {
    {"GET", "/health", kAnyone},
    {"GET", "/openapi.json", kAnyone},
    {"GET", "/docs", kAnyone},

    // Nodes, jobs and reputation are public, as on the chains; so is what the content stores have.
    {"GET", "/api/nodes", kAnyone},
    {"POST", "/api/nodes/query", kAnyone},
    {"GET", "/api/nodes/{address}", kAnyone},
    {"GET", "/api/nodes/{address}/key", kAnyone},
    {"GET", "/api/nodes/{address}/jobs", kAnyone},
    {"GET", "/api/nodes/{address}/history", kAnyone},
    {"GET", "/api/nodes/{address}/stats", kAnyone},
    {"GET", "/api/market/stats", kAnyone},
    {"GET", "/api/renters/{address}/jobs", kAnyone},
    {"GET", "/api/jobs", kAnyone},
    {"POST", "/api/jobs/query", kAnyone},
    {"GET", "/api/jobs/stats", kAnyone},
    {"GET", "/api/jobs/{id}", kAnyone},
    {"GET", "/api/jobs/{id}/spec", kAnyone},
    {"GET", "/api/jobs/{id}/attempts", kAnyone},
    {"GET", "/api/jobs/{id}/events", kAnyone},
    {"GET", "/api/jobs/{id}/receipt", kAnyone},
    {"GET", "/api/jobs/{id}/logs", kAnyone},
    {"GET", "/api/events", kAnyone},
    {"GET", "/api/ws", kAnyone},
    {"GET", "/api/files/{cid}", kAnyone},
    {"POST", "/api/files", kSession | kKey | kOperator, Scope::kFilesWrite},
    {"GET", "/api/reputation/{address}", kAnyone},
    {"GET", "/api/reputation/{address}/jobs", kAnyone},

    // A spec is proven by the job's id, which is its digest; its storage is limited by quotas.
    {"POST", "/api/jobs", kAnyone},
    {"POST", "/api/jobs/check", kAnyone},
    // Changes of a job are proven to the dispatcher, never vouched for by the gateway.
    {"PUT", "/api/jobs/{id}/spec", kProof},
    {"PUT", "/api/jobs/{id}/status", kOperator},
    {"POST", "/api/jobs/{id}/cancel", kProof | kOperator},

    {"GET", "/api/agents/credentials/challenge", kAnyone},
    {"POST", "/api/agents/credentials", kProof},

    {"GET", "/api/session/nonce", kAnyone},
    {"POST", "/api/session", kProof},
    {"GET", "/api/session", kSession},
    {"DELETE", "/api/session", kSession},
    {"GET", "/api/sessions", kSession | kKey, Scope::kAccountRead},
    {"DELETE", "/api/sessions", kSession},
    {"DELETE", "/api/sessions/{session}", kSession},
    {"POST", "/api/session/introspect", kKey, Scope::kSessionsRead},

    {"GET", "/api/profiles/{address}", kKey, Scope::kSessionsRead},
    {"PUT", "/api/profiles/{address}", kKey, Scope::kProfilesWrite},

    {"POST", "/api/keys", kSession | kOperator},
    {"GET", "/api/keys", kSession | kOperator | kKey, Scope::kAccountRead},
    {"DELETE", "/api/keys/{key}", kSession | kOperator},
};

}  // namespace

std::span<const AccessRule> access_table() {
    return kTable;
}

const AccessRule& access_rule(std::string_view method, std::string_view pattern) {
    const auto* const rule = std::find_if(std::begin(kTable), std::end(kTable), [&](const AccessRule& one) {
        return one.method == method && one.pattern == pattern;
    });
    if (rule == std::end(kTable)) {
        throw std::logic_error("route " + std::string(method) + " " + std::string(pattern) +
                               " is not in access_table.cpp");
    }
    return *rule;
}

}  // namespace lamda::gateway
