#include "services/node-registry/credentials/issuer_settings.hpp"

#include "bus/server_list.hpp"

namespace lamda::registry {

namespace {

constexpr auto kFile = "NATS_ISSUER_FILE";
constexpr auto kPublicUrl = "NATS_PUBLIC_URL";
constexpr auto kLifetime = "NATS_CREDENTIALS_LIFETIME";
constexpr auto kCredential = "nats-issuer";

std::optional<natsauth::IssuerKeys> read_keys(runtime::Settings& settings) {
    const auto path = settings.maybe_text(
        kFile,
        "issuer.json of lamda nats init: issues providers' credentials; or the credential nats-issuer");
    const auto credential = settings.credential(kCredential);
    if (!path && !credential) {
        return std::nullopt;
    }
    if (path && credential) {
        settings.mistake(kFile, "is set, and the credential nats-issuer exists: use one of them");
        return std::nullopt;
    }
    const auto text = path ? runtime::read_secret_file(*path) : credential;
    if (!text) {
        settings.mistake(kFile, "names a file that cannot be read");
        return std::nullopt;
    }
    auto keys = natsauth::parse_issuer_keys(text->reveal());
    if (!keys) {
        settings.mistake(kFile, keys.error().message);
        return std::nullopt;
    }
    return *std::move(keys);
}

std::vector<std::string> read_servers(runtime::Settings& settings, const runtime::Secret& nats_url) {
    const auto text =
        settings.maybe_text(kPublicUrl,
                            "the bus as agents reach it, without a login; absent: the servers of "
                            "NATS_URL");
    const auto servers = bus::parse_servers(text ? *text : nats_url.reveal());
    if (!servers) {
        if (text) {
            settings.mistake(kPublicUrl, servers.error().message);
        }
        return {};
    }
    if (text && (!servers->user.empty() || !servers->token.empty())) {
        settings.mistake(kPublicUrl, "must not have a login: every agent receives it");
    }
    if (servers->urls.size() > wire::kMostServers) {
        settings.mistake(text ? kPublicUrl : "NATS_URL",
                         "must name at most " + std::to_string(wire::kMostServers) + " servers");
    }
    return servers->urls;
}

Millis read_lifetime(runtime::Settings& settings) {
    constexpr Millis kLeast{10'000};
    constexpr Millis kMost = std::chrono::days(30);
    const auto out = settings.positive_duration(
        kLifetime, "validity of an agent's credentials; it renews them after two thirds of it", "24h");
    if (out < kLeast || out > kMost) {
        settings.mistake(kLifetime, "must be 10s to 720h");
    }
    return out;
}

}  // namespace

std::optional<IssuerConfig> read_issuer(runtime::Settings& settings, const runtime::Secret& nats_url) {
    auto keys = read_keys(settings);
    auto servers = read_servers(settings, nats_url);
    const auto lifetime = read_lifetime(settings);
    if (!keys) {
        return std::nullopt;
    }
    return IssuerConfig{*std::move(keys), std::move(servers), lifetime};
}

}  // namespace lamda::registry
