#include "natsauth/deployment.hpp"

#include <atomic>
#include <catch2/catch.hpp>
#include <fstream>
#include <mutex>
#include <set>
#include <sstream>

#include "bus/testing/until_answered.hpp"
#include "natsauth/testing/operator_server.hpp"

using namespace lamda;
using namespace lamda::natsauth;
using bus::testing::until_answered;
using testing::OperatorServer;
using testkit::wait_until;

namespace {

const Address kProvider = *Address::parse("0x90f79bf6eb2c4f870365e785982e1f101e93b906");
const Address kOther = *Address::parse("0x9965507d1a55bcc2695c58ba16fb37d819b0a4dc");

Credentials provider_credentials(const Deployment& deployment, const Address& provider, Nkey key,
                                 Millis lifetime = Millis(3'600'000)) {
    const auto claims = provider_user(provider, key.public_key(), SystemClock().now(), lifetime);
    return {encode(claims, deployment.issuer.agents_key), std::move(key)};
}

AccountClaims account_of_provider(const Deployment& deployment, const Address& provider) {
    return provider_claims(deployment.issuer.accounts, provider, deployment.issuer.signing_keys());
}

/// Sends an account to the server, as the issuing service does. Returns the server's answer.
std::string push(OperatorServer& server, const AccountClaims& claims) {
    const auto issuer = server.connect(server.deployment.issuer.system);
    const auto jwt = encode(claims, server.deployment.issuer.operator_key, SystemClock().now());
    return until_answered(
        [&] { return issuer->request("$SYS.REQ.CLAIMS.UPDATE", jwt, testkit::kCallTimeout); });
}

bool is_accepted(const std::string& answer) {
    return answer.find("\"code\":200") != std::string::npos;
}

bus::StreamSpec stream(const std::string& name, const std::string& subject, bool queue) {
    bus::StreamSpec out;
    out.name = name;
    out.subjects = {subject};
    out.retention = queue ? bus::StreamSpec::Retention::kWorkQueue : bus::StreamSpec::Retention::kLimits;
    return out;
}

}  // namespace

TEST_CASE("the written configuration is the documented one, and the secret files are marked") {
    std::ostringstream documented;
    documented << std::ifstream(testkit::source_dir() + "/deploy/nats/operator.conf").rdbuf();
    CHECK(server_config() == documented.str());
    const auto files = all_files(make_deployment(SystemClock().now()), SystemClock().now());
    CHECK(files.size() == 8);
    for (const auto& file : files) {
        const bool holds_seed = file.content.find("SEED") != std::string::npos ||
                                file.content.find("Seed\"") != std::string::npos;
        CHECK(file.secret == holds_seed);
    }
}

TEST_CASE(
    "each role gets in with its creds file and does its work; a provider does after its account is pushed") {
    const testkit::TempDir dir("natsauth");
    OperatorServer server(dir.path());
    const auto dispatcher = server.connect(server.credentials("dispatcher"));
    const auto registry = server.connect(server.credentials("registry"));
    const auto gateway = server.connect(server.credentials("gateway"));
    const auto feed = server.connect(server.credentials("feed"));
    const auto agent_credentials =
        provider_credentials(server.deployment, kProvider, Nkey::generate(KeyKind::kUser));
    const auto agent = server.open(agent_credentials);
    until_answered([&] { dispatcher->ensure_stream(stream("JOBS", "jobs.dispatch.*", true)); });
    until_answered([&] { dispatcher->ensure_stream(stream("STATUS", "jobs.status.*", false)); });
    until_answered([&] {
        dispatcher->ensure_durable("JOBS", kProvider.hex(), "jobs.dispatch." + kProvider.hex(),
                                   Millis(30'000));
    });
    CHECK_FALSE(agent->connected());
    REQUIRE(is_accepted(push(server, account_of_provider(server.deployment, kProvider))));
    REQUIRE(wait_until([&] { return agent->connected(); }));

    const auto answer = [](bus::Bus& bus) {
        return [&bus](const bus::Message& message) { bus.respond(message, "yes"); };
    };
    const auto commands = dispatcher->subscribe("jobs.command", "", answer(*dispatcher));
    const auto nodes = registry->subscribe("nodes.query", "", answer(*registry));
    // A request before the subscription is in the server has no answer.
    const auto ask = [](bus::Bus& bus, const std::string& subject) {
        std::string out;
        wait_until([&] {
            try {
                out = bus.request(subject, "", Millis(500));
            } catch (const bus::Unavailable&) {
                return false;
            }
            return true;
        });
        return out;
    };
    CHECK(ask(*gateway, "jobs.command") == "yes");
    CHECK(ask(*feed, "nodes.query") == "yes");
    CHECK_THROWS_AS(gateway->request("nodes.query", "", Millis(500)), bus::Unavailable);

    std::atomic<int> heartbeats = 0;
    std::atomic<int> applied = 0;
    const auto heard =
        dispatcher->subscribe("nodes.heartbeat.*", "", [&](const bus::Message&) { ++heartbeats; });
    const auto told =
        agent->subscribe("jobs.applied." + kProvider.hex(), "", [&](const bus::Message&) { ++applied; });
    CHECK(wait_until([&] {
        registry->publish("events.global", "{}");
        agent->publish("nodes.heartbeat." + kProvider.hex(), "{}");
        dispatcher->publish("jobs.applied." + kProvider.hex(), "{}");
        return heartbeats > 0 && applied > 0;
    }));
    CHECK(agent->publish_durable({{"jobs.status." + kProvider.hex(), "s1", "{}"}}, testkit::kCallTimeout)
              .stored == std::vector{true});
    CHECK(dispatcher
              ->publish_durable({{"jobs.dispatch." + kProvider.hex(), "d1", "job"}}, testkit::kCallTimeout)
              .stored == std::vector{true});
    auto consumer = agent->consume("JOBS", kProvider.hex());
    std::vector<bus::Message> got;
    REQUIRE(wait_until([&] {
        got = until_answered([&] { return consumer.fetch(1, Millis(500)); });
        return !got.empty();
    }));
    CHECK(got.front().body == "job");
    consumer.ack(got.front());
}

TEST_CASE("a revoked key is cut off and cannot come back; a later key can; a restart forgets neither") {
    const testkit::TempDir dir("natsauth-revoked");
    OperatorServer server(dir.path());
    const auto first = provider_credentials(server.deployment, kProvider, Nkey::generate(KeyKind::kUser));
    const auto other = provider_credentials(server.deployment, kOther, Nkey::generate(KeyKind::kUser));
    REQUIRE(is_accepted(push(server, account_of_provider(server.deployment, kProvider))));
    REQUIRE(is_accepted(push(server, account_of_provider(server.deployment, kOther))));
    const auto agent = server.connect(first);
    const auto bystander = server.connect(other);
    std::atomic<int> losses = 0;
    bystander->on_change([&](bool connected) { losses += connected ? 0 : 1; });

    const auto lets_in = [&](const Credentials& credentials) {
        const auto bus = server.open(credentials);
        std::atomic<bool> in = false;
        bus->on_change([&](bool connected) { in = in || connected; });
        const auto decided = wait_until([&] {
            return in || bus->connected() || bus->last_error().find("refuses the login") != std::string::npos;
        });
        return decided && (in || bus->connected());
    };
    auto claims = account_of_provider(server.deployment, kProvider);
    const auto now =
        std::chrono::duration_cast<std::chrono::seconds>(SystemClock().now().time_since_epoch()).count();
    claims.revocations = {{first.key.public_key(), now}};
    REQUIRE(is_accepted(push(server, claims)));
    CHECK(wait_until([&] { return !agent->connected(); }));
    CHECK_FALSE(lets_in(first));
    CHECK(lets_in(provider_credentials(server.deployment, kProvider, Nkey::generate(KeyKind::kUser))));
    CHECK(bystander->connected());
    CHECK(losses == 0);

    claims.revocations = {{"*", now + 1'000}};  // every login of this provider
    REQUIRE(is_accepted(push(server, claims)));
    CHECK_FALSE(lets_in(provider_credentials(server.deployment, kProvider, Nkey::generate(KeyKind::kUser))));
    CHECK(bystander->connected());
    CHECK(losses == 0);

    server.stop();
    server.start();
    CHECK(wait_until([&] { return bystander->connected(); }));
    CHECK_FALSE(lets_in(first));
}

TEST_CASE("an expired login is closed; with a renewed one the same bus continues") {
    const testkit::TempDir dir("natsauth-expiry");
    OperatorServer server(dir.path());
    REQUIRE(is_accepted(push(server, account_of_provider(server.deployment, kProvider))));
    const auto key = Nkey::generate(KeyKind::kUser);
    // The shortest lifetime that a busy machine still connects in.
    std::mutex mutex;
    auto present =
        provider_credentials(server.deployment, kProvider, key, testkit::patience() * Millis(4'000));
    auto login = testing::login_of(present);
    login.jwt = [&] {
        const std::lock_guard lock(mutex);
        return present.jwt;
    };
    bus::Bus agent(server.url(), "agent", telemetry::Log::none(), login);
    std::atomic<int> losses = 0;
    agent.on_change([&](bool connected) { losses += connected ? 0 : 1; });
    const auto applied = "jobs.applied." + kProvider.hex();
    std::atomic<int> heard = 0;
    const auto subscription = agent.subscribe(applied, "", [&](const bus::Message&) { ++heard; });
    REQUIRE(wait_until([&] { return agent.connected(); }));
    {
        const std::lock_guard lock(mutex);
        present = provider_credentials(server.deployment, kProvider, key);
    }
    REQUIRE(wait_until([&] { return losses > 0; }));
    CHECK(wait_until([&] { return agent.connected(); }));
    const auto dispatcher = server.connect(server.credentials("dispatcher"));
    CHECK(wait_until([&] {
        dispatcher->publish(applied, "{}");
        return heard > 0;
    }));
}

TEST_CASE("a bus without a login waits for one, connects to its servers, and moves with reconnect()") {
    const testkit::TempDir dir("natsauth-late");
    OperatorServer server(dir.path());
    std::mutex mutex;
    std::string servers;
    auto login = testing::login_of(server.credentials("registry"));
    const auto jwt = login.jwt;
    const auto set_servers = [&](const std::string& text) {
        const std::lock_guard lock(mutex);
        servers = text;
    };
    login.servers = [&] {
        const std::lock_guard lock(mutex);
        return servers;
    };
    login.jwt = [&, jwt]() -> std::string {
        if (login.servers().empty()) {
            throw bus::Unavailable("not yet");
        }
        return jwt();
    };
    bus::Bus late("", "late", telemetry::Log::none(), login);
    std::atomic<int> heard = 0;
    const auto subscription = late.subscribe("nodes.query", "", [&](const bus::Message& message) {
        ++heard;
        late.respond(message, "yes");
    });
    CHECK_FALSE(late.connected());
    CHECK_FALSE(late.login_refused());
    CHECK(late.last_error() == "not connected: there are no credentials yet");
    CHECK_THROWS_AS(late.request("x", "", Millis(1)), bus::Unavailable);
    late.publish("x", "");
    late.reconnect();

    set_servers("nats://127.0.0.1:1");
    REQUIRE(wait_until([&] { return late.last_error() == "not connected: no server answers"; }));
    set_servers(server.url());
    late.reconnect();
    REQUIRE(wait_until([&] { return late.connected(); }));
    const auto feed = server.connect(server.credentials("feed"));
    CHECK(wait_until([&] {
        try {
            return feed->request("nodes.query", "", Millis(500)) == "yes";
        } catch (const bus::Unavailable&) {
            return false;
        }
    }));
    bus::Bus("", "never", telemetry::Log::none(),
             bus::Login{"x", []() -> std::string { throw bus::Unavailable("no"); }, login.sign});
}

TEST_CASE("a rotation keeps every login until it is finished, and then only new ones") {
    const testkit::TempDir dir("natsauth-rotation");
    OperatorServer server(dir.path());
    REQUIRE(is_accepted(push(server, account_of_provider(server.deployment, kProvider))));
    const auto early = provider_credentials(server.deployment, kProvider, Nkey::generate(KeyKind::kUser));
    const auto agent = server.connect(early);
    const auto dispatcher = server.connect(server.credentials("dispatcher"));
    const auto install = [&](Deployment changed, const std::vector<File>& files) {
        server.deployment = std::move(changed);
        server.write(files);
        server.stop();
        server.start();
    };
    const auto read_back = parse_deployment(server.read(kOfflineFile), server.read(kIssuerFile));
    REQUIRE(read_back);
    const auto former = server.credentials("dispatcher");
    const auto former_issuer = read_back->issuer.system;
    CHECK_FALSE(is_rotating(*read_back));
    const auto now = SystemClock().now();
    const auto rotated = rotate(*read_back, now - std::chrono::hours(24));  // by a clock that was set back
    CHECK(is_rotating(rotated));
    install(rotated, rotated_files(rotated, now));
    CHECK(wait_until([&] { return agent->connected() && dispatcher->connected(); }));
    // The issuer sends the account again, signed by the new keys.
    REQUIRE(is_accepted(push(server, account_of_provider(server.deployment, kProvider))));
    const auto late = provider_credentials(server.deployment, kProvider, Nkey::generate(KeyKind::kUser));
    const auto renewed = server.connect(late);
    CHECK(agent->connected());
    const auto former_dispatcher = server.connect(former);  // its new login is not installed yet
    const auto renewed_dispatcher = server.connect(server.credentials("dispatcher"));
    server.connect(former_issuer);

    const auto finished =
        finish_rotation(parse_deployment(server.read(kOfflineFile), server.read(kIssuerFile)).value());
    install(finished, finished_files(finished, now));
    REQUIRE(is_accepted(push(server, account_of_provider(server.deployment, kProvider))));
    CHECK(wait_until([&] { return renewed->connected() && renewed_dispatcher->connected(); }));
    const auto is_refused = [](const bus::Bus& bus) {
        return wait_until([&] { return bus.last_error().find("refuses the login") != std::string::npos; });
    };
    CHECK(is_refused(*agent));
    CHECK(is_refused(*former_dispatcher));
    CHECK(is_refused(*dispatcher));
    CHECK(is_refused(*server.open(former_issuer)));
    CHECK(server.connect(finished.issuer.system)->connected());
    CHECK_FALSE(is_rotating(finished));
}
