#include "natsauth/market_accounts.hpp"

#include "crypto/digest.hpp"

namespace lamda::natsauth {

namespace {

/// Most connections of a provider at the same time; its agent has one.
constexpr int kProviderConnections = 16;

constexpr std::array kQueues = {"JOBS", "RETRACT"};

std::string info(const std::string& stream, const std::string& durable) {
    return "$JS.API.CONSUMER.INFO." + stream + "." + durable;
}
std::string next(const std::string& stream, const std::string& durable) {
    return "$JS.API.CONSUMER.MSG.NEXT." + stream + "." + durable;
}
std::string ack(const std::string& stream, const std::string& durable) {
    return "$JS.ACK." + stream + "." + durable + ".>";
}

Export service(std::string subject) {
    return {std::move(subject), false, false};
}
Export stream(std::string subject) {
    return {std::move(subject), true, false};
}

AccountClaims lamda_account(const AccountKeys& keys) {
    AccountClaims out;
    out.name = "LAMDA";
    out.key = keys.lamda;
    out.jetstream = true;
    out.exports = {service("jobs.status.*"),
                   service("jobs.logs.*.*"),
                   stream("jobs.applied.*"),
                   service("nodes.heartbeat.*"),
                   service("events.node.*"),
                   service("jobs.command"),
                   service("jobs.query"),
                   stream("events.>"),
                   service("events.global"),
                   service("$JS.API.STREAM.INFO.EVENTS"),
                   service("$JS.API.STREAM.MSG.GET.EVENTS")};
    for (const auto* queue : kQueues) {
        out.exports.push_back(service(info(queue, "*")));
        out.exports.push_back({next(queue, "*"), false, true});
        out.exports.push_back(service(ack(queue, "*")));
    }
    return out;
}

AccountClaims registry_account(const AccountKeys& keys) {
    AccountClaims out;
    out.name = "REGISTRY";
    out.key = keys.registry;
    out.imports = {
        {keys.lamda, "nodes.heartbeat.*"}, {keys.lamda, "events.node.*"}, {keys.lamda, "events.global"}};
    out.exports = {service("nodes.heartbeat.*"), service("nodes.query"), service("nodes.credentials"),
                   stream("events.node.*"), stream("events.global")};
    return out;
}

AccountClaims feed_account(const AccountKeys& keys) {
    AccountClaims out;
    out.name = "FEED";
    out.key = keys.feed;
    const std::string get = "$JS.API.STREAM.MSG.GET.EVENTS";
    const std::string about = "$JS.API.STREAM.INFO.EVENTS";
    out.imports = {{keys.lamda, "events.>", true},         {keys.registry, "events.node.*", true},
                   {keys.registry, "events.global", true}, {keys.lamda, "jobs.query"},
                   {keys.registry, "nodes.query"},         {keys.lamda, about, false, "lamda.info"},
                   {keys.lamda, get, false, "lamda.get"}};
    // A renamed subject: JetStream's interface exists in every account, and would answer first.
    out.mappings = {{about, "lamda.info"}, {get, "lamda.get"}};
    return out;
}

std::vector<std::string> dispatcher_publishes() {
    std::vector<std::string> out = {"jobs.dispatch.*",
                                    "jobs.retract.*",
                                    "jobs.applied.*",
                                    "events.job.*",
                                    "events.global",
                                    "$JS.API.STREAM.NAMES",
                                    "$JS.API.CONSUMER.NAMES.JOBS",
                                    "$JS.API.CONSUMER.NAMES.RETRACT",
                                    "$JS.API.CONSUMER.MSG.NEXT.STATUS.*",
                                    "$JS.ACK.STATUS.>",
                                    "$JS.API.CONSUMER.MSG.NEXT.LOGS.*",
                                    "$JS.ACK.LOGS.>"};
    for (const std::string name : {"JOBS", "RETRACT", "STATUS", "LOGS", "EVENTS"}) {
        out.push_back("$JS.API.STREAM.CREATE." + name);
        out.push_back("$JS.API.STREAM.UPDATE." + name);
        out.push_back("$JS.API.STREAM.INFO." + name);
        out.push_back("$JS.API.STREAM.MSG.GET." + name);
        out.push_back("$JS.API.STREAM.PURGE." + name);
    }
    for (const std::string name : {"JOBS", "RETRACT", "STATUS", "LOGS"}) {
        out.push_back("$JS.API.CONSUMER.LIST." + name);
        out.push_back("$JS.API.CONSUMER.DELETE." + name + ".*");
        out.push_back("$JS.API.CONSUMER.DURABLE.CREATE." + name + ".*");
        out.push_back("$JS.API.CONSUMER.CREATE." + name + ".>");
        out.push_back(info(name, "*"));
    }
    return out;
}

}  // namespace

const char* name_of(Role role) {
    switch (role) {
        case Role::kDispatcher:
            return "dispatcher";
        case Role::kRegistry:
            return "registry";
        case Role::kGateway:
            return "gateway";
        case Role::kFeed:
            return "feed";
        case Role::kIssuer:
            return "issuer";
    }
    return "";
}

const std::string& account_of(const AccountKeys& keys, Role role) {
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

std::vector<AccountClaims> role_accounts(const AccountKeys& keys) {
    AccountClaims system;
    system.name = "SYS";
    system.key = keys.system;
    AccountClaims gateway;
    gateway.name = "GATEWAY";
    gateway.key = keys.gateway;
    gateway.imports = {{keys.lamda, "jobs.command"}, {keys.registry, "nodes.credentials"}};
    return {system, lamda_account(keys), registry_account(keys), gateway, feed_account(keys)};
}

UserClaims role_user(const AccountKeys& keys, Role role, const std::string& user_key, Timestamp now) {
    UserClaims out;
    out.name = name_of(role);
    out.key = user_key;
    out.account = account_of(keys, role);
    out.issued_at = now;
    const std::string inbox = "_INBOX." + out.name + ".>";
    switch (role) {
        case Role::kDispatcher:
            out.subscribe = {"jobs.command", "jobs.query", "nodes.heartbeat.*", inbox};
            out.publish = dispatcher_publishes();
            out.answers = true;
            break;
        case Role::kRegistry:
            out.subscribe = {"nodes.heartbeat.*", "nodes.query", "nodes.credentials", inbox};
            out.publish = {"events.node.*", "events.global"};
            out.answers = true;
            break;
        case Role::kGateway:
            out.subscribe = {inbox};
            out.publish = {"jobs.command", "nodes.credentials"};
            break;
        case Role::kFeed:
            out.subscribe = {"events.>", inbox};
            out.publish = {"jobs.query", "nodes.query", "lamda.info", "lamda.get"};
            break;
        case Role::kIssuer:
            out.subscribe = {inbox};
            out.publish = {"$SYS.REQ.CLAIMS.UPDATE", "$SYS.REQ.ACCOUNT.*.CLAIMS.LOOKUP"};
            break;
    }
    return out;
}

std::string provider_account(const Address& provider) {
    return public_key_text(KeyKind::kAccount,
                           crypto::sha256(as_bytes("Lamda account on the bus\n" + provider.hex())).array());
}

AccountClaims provider_claims(const AccountKeys& keys, const Address& provider,
                              std::vector<std::string> signing_keys) {
    const auto self = provider.hex();
    AccountClaims out;
    out.name = self;
    out.key = provider_account(provider);
    out.signing_keys = std::move(signing_keys);
    out.connections = kProviderConnections;
    out.imports = {{keys.lamda, "jobs.status." + self},
                   {keys.lamda, "jobs.logs." + self + ".*"},
                   {keys.registry, "nodes.heartbeat." + self},
                   {keys.lamda, "jobs.applied." + self, true}};
    for (const std::string queue : kQueues) {
        const auto renamed = "lamda.info." + queue;
        out.imports.push_back({keys.lamda, info(queue, self), false, renamed});
        out.imports.push_back({keys.lamda, next(queue, self)});
        out.imports.push_back({keys.lamda, ack(queue, self)});
        out.mappings.emplace(info(queue, self), renamed);
    }
    return out;
}

UserClaims provider_user(const Address& provider, const std::string& user_key, Timestamp now,
                         Millis lifetime) {
    const auto self = provider.hex();
    UserClaims out;
    out.name = self;
    out.key = user_key;
    out.account = provider_account(provider);
    out.issued_at = now;
    out.expires_at = now + lifetime;
    // The imports. Without this list the provider could call JetStream's own interface, which exists in every
    // account: server 2.9 lets every account purge another one there.
    out.publish = {"jobs.status." + self, "jobs.logs." + self + ".*", "nodes.heartbeat." + self,
                   "lamda.info.*"};
    for (const std::string queue : kQueues) {
        out.publish.push_back(info(queue, self));
        out.publish.push_back(next(queue, self));
        out.publish.push_back(ack(queue, self));
    }
    return out;
}

}  // namespace lamda::natsauth
