#include "natsauth/deployment.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace lamda::natsauth {

namespace {

AccountKeys account_keys(const OfflineKeys& keys) {
    return {keys.system.public_key(), keys.lamda.public_key(), keys.registry.public_key(),
            keys.gateway.public_key(), keys.feed.public_key()};
}

const Nkey& key_of(const OfflineKeys& keys, Role role) {
    switch (role) {
        case Role::kDispatcher:
            return keys.lamda;
        case Role::kRegistry:
            return keys.registry;
        case Role::kGateway:
            return keys.gateway;
        case Role::kFeed:
            return keys.feed;
        case Role::kIssuer:
            break;
    }
    return keys.system;
}

std::int64_t seconds_of(Timestamp at) {
    return std::chrono::duration_cast<std::chrono::seconds>(at.time_since_epoch()).count();
}

Timestamp from_seconds(std::int64_t seconds) {
    return Timestamp(std::chrono::seconds(seconds));
}

Credentials make_credentials(const OfflineKeys& keys, Role role, Timestamp now) {
    auto key = Nkey::generate(KeyKind::kUser);
    const auto claims = role_user(account_keys(keys), role, key.public_key(), now);
    return {encode(claims, key_of(keys, role)), std::move(key)};
}

std::string offline_text(const OfflineKeys& keys) {
    const nlohmann::ordered_json out = {{"operatorSeed", keys.operator_key.seed()},
                                        {"operatorSigningKeys", keys.operator_signing_keys},
                                        {"accountSeeds",
                                         {{"system", keys.system.seed()},
                                          {"lamda", keys.lamda.seed()},
                                          {"registry", keys.registry.seed()},
                                          {"gateway", keys.gateway.seed()},
                                          {"feed", keys.feed.seed()}}},
                                        {"rotatedAt", keys.rotated_at},
                                        {"voidUntil", keys.void_until}};
    return out.dump(2) + "\n";
}

/// The part of the server's configuration that names whom it trusts. Public.
std::string trust_text(const Deployment& deployment, Timestamp now) {
    const auto& keys = deployment.offline;
    const auto accounts = account_keys(keys);
    const OperatorClaims claims{"lamda", keys.operator_key.public_key(), keys.operator_signing_keys,
                                accounts.system};
    std::string out =
        "# Written by `lamda nats init` and `lamda nats rotate`: whom the server trusts. No secrets.\n"
        "operator: \"" +
        encode(claims, keys.operator_key, now) + "\"\nsystem_account: " + accounts.system +
        "\n# The accounts of the roles. Those of providers are in the resolver's folder.\nresolver_preload "
        "{\n";
    for (auto& account : role_accounts(accounts)) {
        if (keys.void_until > 0) {
            account.revocations["*"] = keys.void_until;
        }
        out += "  # " + account.name + "\n  " + account.key + ": \"" +
               encode(account, deployment.issuer.operator_key, now) + "\"\n";
    }
    return out + "}\n";
}

}  // namespace

Deployment make_deployment(Timestamp now) {
    auto signing = Nkey::generate(KeyKind::kOperator);
    OfflineKeys offline{Nkey::generate(KeyKind::kOperator), {signing.public_key()},
                        Nkey::generate(KeyKind::kAccount),  Nkey::generate(KeyKind::kAccount),
                        Nkey::generate(KeyKind::kAccount),  Nkey::generate(KeyKind::kAccount),
                        Nkey::generate(KeyKind::kAccount)};
    auto system = make_credentials(offline, Role::kIssuer, now);
    IssuerKeys issuer{
        std::move(signing), Nkey::generate(KeyKind::kAccount), {}, account_keys(offline), std::move(system)};
    return {std::move(offline), std::move(issuer)};
}

Deployment rotate(Deployment deployment, Timestamp now) {
    auto& issuer = deployment.issuer;
    auto& trusted = deployment.offline.operator_signing_keys;
    issuer.former_agents_keys.insert(issuer.former_agents_keys.begin(), issuer.agents_key.public_key());
    issuer.agents_key = Nkey::generate(KeyKind::kAccount);
    issuer.operator_key = Nkey::generate(KeyKind::kOperator);
    trusted.insert(trusted.begin(), issuer.operator_key.public_key());
    // The end of the rotation voids logins by their date, so new ones are later than all before, also if the
    // clock was set back.
    const auto newest = decode(issuer.system.jwt).value().issued_at;
    auto& rotated_at = deployment.offline.rotated_at;
    rotated_at = std::max({seconds_of(now), newest + 1, rotated_at + 1});
    issuer.system = make_credentials(deployment.offline, Role::kIssuer, from_seconds(rotated_at));
    return deployment;
}

Deployment finish_rotation(Deployment deployment) {
    deployment.issuer.former_agents_keys.clear();
    auto& offline = deployment.offline;
    offline.operator_signing_keys = {deployment.issuer.operator_key.public_key()};
    offline.void_until = std::max(offline.void_until, offline.rotated_at - 1);
    return deployment;
}

bool is_rotating(const Deployment& deployment) {
    return deployment.offline.rotated_at - 1 > deployment.offline.void_until;
}

std::vector<File> finished_files(const Deployment& deployment, Timestamp now) {
    return {{"trust.conf", trust_text(deployment, now)},
            {kIssuerFile, to_text(deployment.issuer), true},
            {kOfflineFile, offline_text(deployment.offline), true}};
}

std::vector<File> all_files(const Deployment& deployment, Timestamp now) {
    auto out = rotated_files(deployment, now);
    out.push_back({"nats.conf", server_config()});
    return out;
}

std::vector<File> rotated_files(const Deployment& deployment, Timestamp now) {
    const auto& keys = deployment.offline;
    const auto dated = keys.rotated_at > 0 ? from_seconds(keys.rotated_at) : now;
    std::vector<File> out;
    for (const auto role : kRoles) {
        if (role != Role::kIssuer) {  // in the issuer's file
            out.push_back(
                {std::string(name_of(role)) + ".creds", to_text(make_credentials(keys, role, dated)), true});
        }
    }
    // Last: an interrupted rotation leaves no date of logins that were not written.
    const auto rest = finished_files(deployment, now);
    out.insert(out.end(), rest.begin(), rest.end());
    return out;
}

Result<Deployment> parse_deployment(std::string_view offline, std::string_view issuer) {
    const Error wrong{"invalid_offline_keys", "is no file of offline keys as `lamda nats init` writes it",
                      ""};
    auto issuer_keys = parse_issuer_keys(issuer);
    if (!issuer_keys) {
        return issuer_keys.error();
    }
    const auto json = nlohmann::json::parse(offline, nullptr, false);
    try {
        const auto& seeds = json.at("accountSeeds");
        const auto account = [&](const char* name) {
            return Nkey::from_seed(KeyKind::kAccount, seeds.at(name).get<std::string>());
        };
        auto operator_key = Nkey::from_seed(KeyKind::kOperator, json.at("operatorSeed").get<std::string>());
        auto system = account("system");
        auto lamda = account("lamda");
        auto registry = account("registry");
        auto gateway = account("gateway");
        auto feed = account("feed");
        if (!operator_key || !system || !lamda || !registry || !gateway || !feed) {
            return wrong;
        }
        return Deployment{
            {*std::move(operator_key), json.at("operatorSigningKeys").get<std::vector<std::string>>(),
             *std::move(system), *std::move(lamda), *std::move(registry), *std::move(gateway),
             *std::move(feed), json.value("rotatedAt", std::int64_t{0}),
             json.value("voidUntil", std::int64_t{0})},
            *std::move(issuer_keys)};
    } catch (const nlohmann::json::exception&) {
        return wrong;
    }
}

std::string server_config() {
    return R"(# NATS for Lamda with logins by key: JetStream, an account for each role and each provider, and no passwords.
# `lamda nats init` writes this file as nats.conf, with trust.conf next to it. deploy/nats/nats.conf is the same with passwords.
#
# A provider needs no entry here: its account, which imports the subjects of this provider only, is a JWT that the keys of
# issuer.json sign and the node registry sends to the server as user `issuer`, without a restart or reload.
# Accounts, and not only permissions: a reply subject in an account of its own reaches only this account.
#
# Versions. 2.9 (Debian 12's 2.9.10) works. Its acknowledgements are not durable: it writes to the disk without fsync for up to
# two minutes, and has no setting for it. For production 2.10.23 or newer, or 2.11, with `sync_interval: always` below: each
# acknowledged message is then on the disk. Not 2.10.20 to 2.10.22: they lost streams at kill -9.

listen: 127.0.0.1:4222     # for agents on other machines: 0.0.0.0:4222, with the tls block
server_name: lamda-1
max_payload: 1MB
ping_interval: "20s"
ping_max: 2
write_deadline: "10s"

jetstream {
  store_dir: "/var/lib/nats/jetstream"
  max_file_store: 20GB
  # sync_interval: always    # from 2.10 on; unknown to 2.9
}

# Providers' accounts: written by the server when the issuer sends them. Back this folder up.
resolver {
  type: full
  dir: "/var/lib/nats/accounts"
  allow_delete: false
  interval: "2m"
}

# tls {
#   cert_file: "/etc/nats/server.pem"
#   key_file: "/etc/nats/server.key"
# }

include "trust.conf"
)";
}

}  // namespace lamda::natsauth
