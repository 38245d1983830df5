// The issuer with a real database and a real nats-server in operator mode.
#include "services/node-registry/credentials/issuer.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "natsauth/testing/operator_server.hpp"
#include "services/node-registry/credentials/access_loop.hpp"
#include "services/node-registry/testing/registry_scene.hpp"
#include "wire/messages.hpp"

using namespace lamda;
using namespace lamda::registry;
using natsauth::KeyKind;
using natsauth::Nkey;
using nlohmann::json;
using testkit::wait_until;

namespace {

const auto kDomain = wire::market_domain(ChainId{97}, test::kContract);

std::unique_ptr<crypto::LocalSigner> signer(std::size_t n) {
    return crypto::LocalSigner::from_hex(testkit::dev_key(n)).value();
}

/// A registry's issuer; `provider` and `other` are registered.
struct Scene {
    Scene()
        : admin(testkit::migrated_database(postgres, "registry", "postgres"), "test", 1),
          operator_tool(testkit::role_dsn(postgres, "registry", store::kOperatorRole), "test", 1),
          database(testkit::role_dsn(postgres, "registry", store::kRegistryRole), "test", 2) {
        admin.transact([&](store::Txn& txn) {
            txn.exec(
                "INSERT INTO chain.cursor (stream, chain_id, contracts, number, hash) VALUES "
                "('dispatcher:bsc', 97, $1, 1, decode(repeat('01', 32), 'hex'))",
                {test::kContract});
            for (const auto* node : {provider.get(), other.get()}) {
                txn.exec(
                    "INSERT INTO registry.node (provider, is_registered, gpu_model, vram, job_count, "
                    "last_seen, created_at, updated_at) VALUES ($1::bytea, true, 'A100', 80, 0, now(), "
                    "now(), now())",
                    {node->address()});
            }
        });
        REQUIRE(wait_until([&] { return system.connected(); }));
    }

    json ask(const wire::CredentialsRequest& request) { return json::parse(issuer.answer(to_json(request))); }
    wire::AgentCredentials challenge(const crypto::Signer& node, const std::string& nkey) {
        const auto text = issuer.answer(to_json(wire::CredentialsRequest{{node.address(), nkey, {}, 0}, {}}));
        INFO(text);
        auto parsed = wire::parse_agent_credentials(text);
        REQUIRE(parsed);
        CHECK(parsed->provider == node.address());
        CHECK(parsed->nkey == nkey);
        return *std::move(parsed);
    }
    json send(const wire::AgentCredentials& message, const crypto::Signer& by,
              const eth::Eip712Domain& domain = kDomain) {
        return ask({message, wire::sign_agent_credentials(message, domain, by)});
    }
    json obtain(const crypto::Signer& node, const Nkey& key) {
        return send(challenge(node, key.public_key()), node);
    }
    /// Credentials that were answered, with the agent's own seed.
    static natsauth::Credentials credentials(const json& answer, const Nkey& key) {
        INFO(answer.dump());
        REQUIRE(answer.contains("jwt"));
        return {answer["jwt"].get<std::string>(), key};
    }
    bool lets_in(const natsauth::Credentials& credentials) {
        const auto bus = nats.open(credentials);
        std::atomic<bool> in = false;
        bus->on_change([&](bool connected) { in = in || connected; });
        REQUIRE(wait_until([&] {
            in = in || bus->connected();
            return in || bus->last_error().find("refuses the login") != std::string::npos;
        }));
        return in;
    }
    void order(const char* function, const Address& whom) {
        operator_tool.transact(
            [&](store::Txn& txn) { txn.exec(std::string("SELECT api.") + function + "($1)", {whom}); });
    }

    testkit::TempDir dir{"issuer"};
    testkit::PostgresServer postgres{dir.path()};
    natsauth::testing::OperatorServer nats{dir.path()};
    std::unique_ptr<crypto::LocalSigner> provider = signer(3);
    std::unique_ptr<crypto::LocalSigner> other = signer(4);
    std::unique_ptr<crypto::LocalSigner> stranger = signer(5);  ///< not registered
    store::Database admin;
    store::Database operator_tool;
    store::Database database;
    FakeClock clock{SystemClock().now()};
    telemetry::Metrics metrics;
    IssuerConfig config{nats.deployment.issuer, {"nats://bus.example:4222"}, Millis(3'600'000)};
    bus::Bus system{nats.url(), "issuer", telemetry::Log::none(),
                    natsauth::testing::login_of(config.keys.system)};
    AccountPublisher accounts{config.keys, system, clock};
    Issuer issuer{config, database, accounts, clock, telemetry::Log::none(), metrics};
    AccessLoop loop{database, accounts, clock, telemetry::Log::none()};
};

}  // namespace

TEST_CASE("a provider that proves its key gets in, with subjects of its own only") {
    Scene scene;
    const auto key = Nkey::generate(KeyKind::kUser);
    const auto answer = scene.obtain(*scene.provider, key);
    const auto credentials = Scene::credentials(answer, key);
    CHECK(answer["servers"] == json{"nats://bus.example:4222"});
    const auto issued = wire::parse_issued_credentials(answer.dump());
    REQUIRE(issued);
    CHECK(issued->expires_at - issued->issued_at == scene.config.lifetime);
    for (const auto& secret : {scene.config.keys.agents_key.seed(), scene.config.keys.operator_key.seed(),
                               scene.config.keys.system.key.seed(), key.seed()}) {
        CHECK(answer.dump().find(secret) == std::string::npos);
    }
    const auto bus = scene.nats.connect(credentials);
    const auto claims = natsauth::decode(credentials.jwt);
    REQUIRE(claims);
    CHECK(claims->subject == key.public_key());
    CHECK(claims->issuer_account == natsauth::provider_account(scene.provider->address()));
    CHECK(claims->name == scene.provider->address().hex());
    CHECK(scene.metrics.serialize().find("lamda_registry_credentials_total{result=\"issued\"} 1") !=
          std::string::npos);
}

TEST_CASE(
    "refused: other keys' signatures, changed, old and foreign challenges, strangers; the account stays") {
    Scene scene;
    const auto key = Nkey::generate(KeyKind::kUser);
    const auto attacker = Nkey::generate(KeyKind::kUser);
    const auto good = scene.challenge(*scene.provider, key.public_key());
    const auto code = [](const json& answer) { return answer.value("code", "accepted"); };

    CHECK(code(scene.send(good, *scene.other)) == "invalid_signature");
    CHECK(code(scene.send(good, *scene.provider, wire::market_domain(ChainId{56}, test::kContract))) ==
          "invalid_signature");
    CHECK(code(scene.send(good, *scene.provider, wire::market_domain(ChainId{97}, Address()))) ==
          "invalid_signature");
    auto changed = good;
    changed.nkey = attacker.public_key();
    CHECK(code(scene.send(changed, *scene.provider)) == "invalid_challenge");
    changed = good;
    changed.provider = scene.other->address();
    CHECK(code(scene.send(changed, *scene.other)) == "invalid_challenge");
    changed = good;
    changed.expires_at += 60;
    CHECK(code(scene.send(changed, *scene.provider)) == "invalid_challenge");
    changed = good;
    changed.nkey.back() = changed.nkey.back() == 'A' ? 'B' : 'A';
    const auto malformed = scene.send(changed, *scene.provider);
    CHECK(malformed["status"] == 400);
    CHECK(malformed["errors"][0]["pointer"] == "/nkey");
    // A recorded signature does not fit another challenge.
    scene.clock.advance(Millis(1'000));
    const auto signature = wire::sign_agent_credentials(good, kDomain, *scene.provider);
    CHECK(code(scene.ask({scene.challenge(*scene.provider, key.public_key()), signature})) ==
          "invalid_signature");
    CHECK(code(scene.obtain(*scene.stranger, key)) == "not_registered");
    CHECK(json::parse(scene.issuer.answer("{}"))["status"] == 400);
    CHECK(json::parse(scene.issuer.answer("nonsense"))["status"] == 400);
    // Nothing was sent to the bus for any of them.
    CHECK(scene.admin.transact([](store::Txn& txn) {
        return txn.one("SELECT count(*) AS n FROM registry.bus_access").get<std::int64_t>("n");
    }) == 0);

    // Repeated in time: for the same NKey, whose seed only its owner has.
    const auto first = scene.send(good, *scene.provider);
    const auto again = scene.send(good, *scene.provider);
    CHECK(natsauth::decode(again["jwt"].get<std::string>())->subject == key.public_key());
    CHECK_FALSE(scene.lets_in({again["jwt"].get<std::string>(), attacker}));
    CHECK(scene.lets_in(Scene::credentials(first, key)));
    scene.clock.advance(kChallengeLifetime + Millis(1'000));
    CHECK(code(scene.send(good, *scene.provider)) == "challenge_expired");
}

TEST_CASE("revoked: cut off, refused until allowed again, and what was issued before stays void") {
    Scene scene;
    const auto key = Nkey::generate(KeyKind::kUser);
    const auto early = Scene::credentials(scene.obtain(*scene.provider, key), key);
    const auto agent = scene.nats.connect(early);
    const auto bystander_key = Nkey::generate(KeyKind::kUser);
    const auto bystander =
        scene.nats.connect(Scene::credentials(scene.obtain(*scene.other, bystander_key), bystander_key));
    const auto earlier_challenge = scene.challenge(*scene.provider, key.public_key());
    CHECK(scene.loop.push_owed() == 0);

    scene.order("revoke_bus_access", scene.provider->address());
    CHECK(scene.loop.push_owed() == 1);
    CHECK(wait_until([&] { return !agent->connected(); }));
    CHECK_FALSE(scene.lets_in(early));
    CHECK(scene.obtain(*scene.provider, key)["code"] == "revoked");
    CHECK(scene.send(earlier_challenge, *scene.provider)["code"] == "invalid_challenge");
    CHECK(bystander->connected());

    scene.order("allow_bus_access", scene.provider->address());
    CHECK(scene.send(earlier_challenge, *scene.provider)["code"] == "invalid_challenge");
    // Without waiting for the loop: the account is sent with the new credentials. In the same second, too.
    const auto late = Scene::credentials(scene.obtain(*scene.provider, key), key);
    CHECK(scene.loop.push_owed() == 0);
    CHECK(scene.lets_in(late));
    CHECK_FALSE(scene.lets_in(early));
    CHECK(bystander->connected());
}

TEST_CASE("a revocation that waits for the account's row is as late as the row is free") {
    Scene scene;
    std::jthread waiting;
    const auto released = scene.admin.transact([&](store::Txn& txn) {
        lock_access(txn, scene.provider->address());
        waiting = std::jthread([&] { scene.order("revoke_bus_access", scene.provider->address()); });
        REQUIRE(wait_until([&] {
            return scene.database
                       .transact([](store::Txn& other) {
                           return other.one("SELECT count(*) AS n FROM pg_locks WHERE NOT granted");
                       })
                       .get<std::int64_t>("n") > 0;
        }));
        return txn.one("SELECT clock_timestamp() AS now").get<Timestamp>("now");
    });
    waiting.join();
    const auto access =
        scene.database.transact([&](store::Txn& txn) { return read_access(txn, scene.provider->address()); });
    REQUIRE(access.revoked_at);
    CHECK(*access.revoked_at >= released);
}

TEST_CASE("a revocation that the bus has lost is sent again: after a connect, and from time to time") {
    Scene scene;
    const auto key = Nkey::generate(KeyKind::kUser);
    const auto early = Scene::credentials(scene.obtain(*scene.provider, key), key);
    scene.obtain(*scene.other, Nkey::generate(KeyKind::kUser));
    scene.order("revoke_bus_access", scene.provider->address());
    scene.loop.owe_again();
    CHECK(scene.loop.push_owed() == 1);
    const auto forget = [&] {
        scene.accounts.push(scene.provider->address(), {});
        CHECK(scene.lets_in(early));
    };

    forget();
    scene.loop.owe_again();
    CHECK(scene.loop.push_owed() == 0);
    scene.clock.advance(kSendAgain);
    scene.loop.owe_again();
    CHECK(scene.loop.push_owed() == 1);
    CHECK_FALSE(scene.lets_in(early));

    forget();
    const auto connects = scene.accounts.connects();
    scene.nats.stop();
    scene.nats.start();
    REQUIRE(wait_until([&] { return scene.accounts.connects() > connects; }));
    scene.loop.owe_again();
    REQUIRE(wait_until([&] {
        try {
            return scene.loop.push_owed() == 1;
        } catch (const bus::Unavailable&) {  // the server has just started
            return false;
        }
    }));
    CHECK_FALSE(scene.lets_in(early));
}

TEST_CASE("after a rotation every account is sent again, and earlier credentials last until it is finished") {
    Scene scene;
    const auto key = Nkey::generate(KeyKind::kUser);
    const auto early = Scene::credentials(scene.obtain(*scene.provider, key), key);
    const auto install = [&](natsauth::Deployment changed) {
        scene.nats.deployment = std::move(changed);
        scene.nats.write(natsauth::rotated_files(scene.nats.deployment, SystemClock().now()));
        scene.nats.stop();
        scene.nats.start();
        const auto system = scene.nats.connect(scene.nats.deployment.issuer.system);
        AccountPublisher accounts(scene.nats.deployment.issuer, *system, scene.clock);
        AccessLoop loop(scene.database, accounts, scene.clock, telemetry::Log::none());
        std::size_t sent = 0;
        REQUIRE(wait_until([&] {
            try {
                sent += loop.push_owed();
                return true;
            } catch (const bus::Unavailable&) {  // the server has just started
                return false;
            }
        }));
        CHECK(sent == 1);
        CHECK(loop.push_owed() == 0);
    };
    install(natsauth::rotate(scene.nats.deployment, SystemClock().now()));
    CHECK(scene.lets_in(early));
    install(natsauth::finish_rotation(scene.nats.deployment));
    CHECK_FALSE(scene.lets_in(early));
}

TEST_CASE(
    "one provider gets a few credentials a minute; without a bus the answer is that it is unavailable") {
    Scene scene;
    const auto key = Nkey::generate(KeyKind::kUser);
    for (int i = 0; i < kMostIssues; ++i) {
        CHECK(scene.obtain(*scene.provider, key).contains("jwt"));
    }
    CHECK(scene.obtain(*scene.provider, key)["code"] == "too_many_credentials");
    CHECK(scene.obtain(*scene.other, key).contains("jwt"));
    scene.clock.advance(kIssueWindow);
    CHECK(scene.obtain(*scene.provider, key).contains("jwt"));
    scene.nats.stop();
    REQUIRE(wait_until([&] { return !scene.system.connected(); }));
    for (int i = 0; i <= kMostIssues; ++i) {  // what fails does not count
        CHECK(scene.obtain(*scene.other, key)["status"] == 503);
    }
    CHECK(json::parse(credentials_not_offered())["status"] == 501);
}
