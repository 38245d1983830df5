#include "runtime/server_settings.hpp"

#include "bus/server_list.hpp"
#include "store/dsn.hpp"

namespace lamda::runtime {

namespace {

constexpr auto kNatsUrl = "NATS_URL";
constexpr auto kNatsHelp = "NATS, comma-separated: nats://[user:password@]host:port";

template <class T>
Secret checked(Settings& settings, const std::string& name, const std::string& help,
               Result<T> (*parse)(const std::string&), bool required = true) {
    Secret value = settings.secret(name, help, required);
    if (!value.empty()) {
        if (const auto parsed = parse(value.reveal()); !parsed) {
            settings.mistake(name, parsed.error().message);
        }
    }
    return value;
}

}  // namespace

Secret read_database_url(Settings& settings) {
    return checked(settings, "DATABASE_URL", "PostgreSQL, as a libpq URI", &store::parse_dsn);
}

Secret read_optional_nats_url(Settings& settings) {
    return checked(settings, kNatsUrl, kNatsHelp, &bus::parse_servers, false);
}

Secret read_nats_url(Settings& settings) {
    Secret url = checked(settings, kNatsUrl, kNatsHelp, &bus::parse_servers);
    const auto servers = bus::parse_servers(url.reveal());
    const bool by_key = settings.is_set("NATS_CREDS_FILE");
    if (servers && servers->user.empty() && servers->token.empty() && !by_key &&
        settings.environment() == "production") {
        settings.mistake(kNatsUrl,
                         "has no login: in production the bus accepts known users only "
                         "(deploy/nats/nats.conf): nats://user:password@host:port, or NATS_CREDS_FILE");
    }
    return url;
}

Secret read_operator_token(Settings& settings) {
    constexpr auto kName = "OPERATOR_TOKEN";
    constexpr std::size_t kLeast = 8;
    constexpr std::size_t kLeastInProduction = 32;
    Secret token = settings.secret(kName, "the operator's token, to end jobs; gateway and dispatcher", false);
    const bool production = settings.environment() == "production";
    const auto least = production ? kLeastInProduction : kLeast;
    if (!token.empty() && token.reveal().size() < least) {
        settings.mistake(kName, "must have at least " + std::to_string(least) + " characters" +
                                    (production ? " in production: openssl rand -hex 32" : ""));
    }
    return token;
}

}  // namespace lamda::runtime
