#include "runtime/setting_names.hpp"

#include <algorithm>
#include <string_view>

#include "runtime/embedded_setting_names.hpp"

namespace lamda::runtime {

namespace {

/// Prefixes used only by Lamda's settings.
constexpr std::string_view kPrefixes[] = {
    "ADMIN_WALLET", "AGENT_",    "BSC_",    "CORS_ALLOWED", "DISPATCH_",     "HEARTBEAT_",
    "IPFS_",        "JOB_MAN",   "LAMDA_",  "NATS_",        "NODE_REP",      "NODE_OFFLINE",
    "OPBNB_",       "OPERATOR_", "PINATA_", "REPUTATION_",  "VERIFY_RECEIP", "DATABASE_"};
constexpr std::size_t kMostEdits = 2;

/// Damerau-Levenshtein distance; swapping adjacent letters counts as one edit.
std::size_t edits(std::string_view a, std::string_view b) {
    std::vector<std::vector<std::size_t>> cost(a.size() + 1, std::vector<std::size_t>(b.size() + 1));
    for (std::size_t i = 0; i <= a.size(); ++i) {
        for (std::size_t j = 0; j <= b.size(); ++j) {
            if (i == 0 || j == 0) {
                cost[i][j] = i + j;
                continue;
            }
            cost[i][j] = std::min({cost[i - 1][j] + 1, cost[i][j - 1] + 1,
                                   cost[i - 1][j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1)});
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
                cost[i][j] = std::min(cost[i][j], cost[i - 2][j - 2] + 1);
            }
        }
    }
    return cost[a.size()][b.size()];
}

bool has_our_prefix(std::string_view name) {
    return std::any_of(std::begin(kPrefixes), std::end(kPrefixes),
                       [&](std::string_view prefix) { return name.starts_with(prefix); });
}

bool is_setting(std::string_view name) {
    const auto& all = setting_names();
    if (std::find(all.begin(), all.end(), name) != all.end()) {
        return true;
    }
    constexpr std::string_view kFile = "_FILE";
    return name.ends_with(kFile) &&
           std::find(all.begin(), all.end(), name.substr(0, name.size() - kFile.size())) != all.end();
}

}  // namespace

const std::vector<std::string>& setting_names() {
    static const std::vector<std::string> names(std::begin(kEmbeddedSettingNames),
                                                std::end(kEmbeddedSettingNames));
    return names;
}

const std::vector<std::string>& secret_names() {
    static const std::vector<std::string> names{
        "ADMIN_WALLET_PRIVATE_KEY", "AGENT_PRIVATE_KEY", "WALLET_PRIVATE_KEY", "DATABASE_URL", "NATS_URL",
        "OPERATOR_TOKEN", "PINATA_JWT",
        // Providers' URLs carry keys, or a login.
        "BSC_RPC_URL", "OPBNB_RPC_URL", "IPFS_API_URL", "IPFS_GATEWAY_URL", "ADMIN_WALLET_SIGNER_URL",
        // Read by deploy/nats/nats.conf from the server's environment.
        "NATS_REGISTRY_PASSWORD", "NATS_DISPATCHER_PASSWORD", "NATS_GATEWAY_PASSWORD", "NATS_FEED_PASSWORD",
        "NATS_AGENT_PASSWORD",
        // Read by deploy/postgres/roles.sql from the environment of its caller.
        "LAMDA_REGISTRY_PASSWORD", "LAMDA_DISPATCHER_PASSWORD", "LAMDA_REPUTATION_PASSWORD",
        "LAMDA_GATEWAY_PASSWORD", "LAMDA_OPERATOR_PASSWORD",
        // Read by deploy/docker/docker-compose.yml from deploy/docker/.env.
        "POSTGRES_PASSWORD", "POSTGRES_REGISTRY_PASSWORD", "POSTGRES_DISPATCHER_PASSWORD",
        "POSTGRES_REPUTATION_PASSWORD", "POSTGRES_GATEWAY_PASSWORD", "POSTGRES_OPERATOR_PASSWORD"};
    return names;
}

std::vector<Misspelling> misspellings(const std::vector<std::string>& names) {
    std::vector<Misspelling> out;
    for (const std::string& name : names) {
        if (!has_our_prefix(name) || is_setting(name)) {
            continue;
        }
        for (const std::string& setting : setting_names()) {
            if (edits(name, setting) <= kMostEdits) {
                out.push_back({name, setting});
                break;
            }
        }
    }
    return out;
}

}  // namespace lamda::runtime
