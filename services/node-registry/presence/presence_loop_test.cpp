#include "services/node-registry/presence/presence_loop.hpp"

#include <catch2/catch.hpp>
#include <memory>

#include "services/node-registry/testing/registry_scene.hpp"
#include "wire/provider_notice.hpp"
#include "wire/subjects.hpp"

using namespace lamda;
using namespace lamda::registry;
using namespace lamda::registry::test;

namespace {

std::unique_ptr<crypto::LocalSigner> key(const std::string& hex) {
    return crypto::LocalSigner::from_hex(hex).value();
}

/// Two registered providers on a known deployment.
struct Scene {
    testkit::TempDir dir{"presence"};
    testkit::PostgresServer postgres{dir.path()};
    std::unique_ptr<crypto::LocalSigner> first =
        key("7c852118294e51e653712a81e05800f419141751be58f605c371e15141b007a6");
    std::unique_ptr<crypto::LocalSigner> second =
        key("47e179ec197488593b187f80a00eb0da91f1b9d0b13f8733639f19c30a34926a");
    store::Database admin{testkit::migrated_database(postgres, "registry", "postgres"), "test", 1};
    store::Database database{testkit::role_dsn(postgres, "registry", store::kRegistryRole), "test", 1};
    FakeClock clock;
    telemetry::Metrics metrics;
    telemetry::Health health;
    PresenceLoop loop{database, Millis(90'000), clock, telemetry::Log::none(), metrics, health};
    eth::Eip712Domain domain = wire::market_domain(ChainId{97}, kContract);
    std::uint64_t seq = static_cast<std::uint64_t>(clock.now().time_since_epoch().count());

    explicit Scene(Timestamp now = from_unix_seconds(1'795'000'000)) : clock(now) {
        admin.transact([&](store::Txn& txn) {
            txn.exec(
                "INSERT INTO chain.cursor (stream, chain_id, contracts, number, hash) VALUES "
                "('dispatcher:bsc', 97, $1, 1, decode(repeat('01', 32), 'hex'))",
                {kContract});
            for (const auto* signer : {first.get(), second.get()}) {
                txn.exec(
                    "INSERT INTO registry.node (provider, is_registered, gpu_model, vram, job_count, "
                    "last_seen, created_at, updated_at) VALUES ($1::bytea, true, 'A100', 80, 0, now(), "
                    "now(), now())",
                    {signer->address()});
            }
        });
        loop.read_deployment();
    }
    wire::Heartbeat next(const crypto::Signer& signer) {
        wire::Heartbeat out;
        out.provider = signer.address();
        out.seq = ++seq;
        out.at = clock.now();
        out.agent_version = "0.1.0";
        return wire::sign_heartbeat(std::move(out), domain, signer);
    }
    void take(const wire::Heartbeat& heartbeat) {
        loop.take({wire::heartbeat_subject(heartbeat.provider), wire::to_json(heartbeat), "", 0, 1});
    }
    /// Sequence of the provider's newest heartbeat in the database; 0: none.
    std::uint64_t stored_seq(const Address& provider) {
        loop.flush();
        return admin.transact([&](store::Txn& txn) {
            const auto row =
                txn.first("SELECT heartbeat_seq FROM registry.presence WHERE provider = $1", {provider});
            return row ? row->get<std::uint64_t>("heartbeat_seq") : 0;
        });
    }
};

}  // namespace

TEST_CASE(
    "the last notice with a valid signature is stored; a wrong one is refused, and its heartbeat counts") {
    Scene scene;
    auto& loop = scene.loop;
    auto& admin = scene.admin;
    const auto& domain = scene.domain;
    const auto& seq = scene.seq;
    const auto next = [&] { return scene.next(*scene.first); };
    const auto take = [&](const wire::Heartbeat& heartbeat) { scene.take(heartbeat); };
    struct Stored {
        std::uint64_t seq;
        std::optional<wire::ProviderNotice> notice;
    };
    const auto stored = [&] {
        loop.flush();
        return admin.transact([&](store::Txn& txn) {
            const auto row =
                txn.first("SELECT heartbeat_seq, notice::text AS notice FROM registry.presence", {});
            const auto text = row->maybe<std::string>("notice");
            return Stored{row->get<std::uint64_t>("heartbeat_seq"),
                          text ? std::optional(wire::parse_notice(*text).value()) : std::nullopt};
        });
    };
    take(next());
    CHECK_FALSE(stored().notice);

    wire::ProviderNotice notice;
    notice.policy.emplace().price.cpu_second = 7;
    notice.draining = true;
    take(wire::sign_notice(next(), wire::to_json(notice), domain, *scene.first));
    take(next());  // before the flush: the notice stays
    CHECK(stored().notice == notice);
    CHECK(stored().seq == seq);

    auto forged = wire::sign_notice(next(), wire::to_json(notice), domain, *scene.first);
    forged.notice->text = wire::to_json(wire::ProviderNotice{});
    take(forged);
    take(wire::sign_notice(next(), "{\"policy\":{\"network\":7}}", domain, *scene.first));
    CHECK(stored().notice == notice);
    CHECK(stored().seq == seq);

    notice.policy->price.cpu_second = 8;
    take(wire::sign_notice(next(), wire::to_json(notice), domain, *scene.first));
    CHECK(stored().notice == notice);
}

TEST_CASE("a provider's flood of signed heartbeats uses up its own share only, which comes back") {
    Scene scene;
    const auto flood = [&] {
        auto last = scene.seq;
        for (int i = 0; i < 100; ++i) {
            const auto heartbeat = scene.next(*scene.first);
            scene.take(heartbeat);
            last = i < wire::kHeartbeatBurst ? heartbeat.seq : last;
        }
        return last;  // the last one within the share
    };
    const auto last = flood();
    const auto other = scene.next(*scene.second);
    scene.take(other);
    CHECK(scene.stored_seq(scene.first->address()) == last);
    CHECK(scene.stored_seq(scene.second->address()) == other.seq);
    scene.clock.advance(std::chrono::minutes(1));
    const auto later = scene.next(*scene.first);
    scene.take(later);
    CHECK(scene.stored_seq(scene.first->address()) == later.seq);
}

TEST_CASE(
    "after a time without a registry, nodes that send heartbeats have it in their history, but no events") {
    Scene scene(SystemClock().now());
    const auto& address = scene.first->address();
    scene.admin.transact([&](store::Txn& txn) {
        // Online, then away for half an hour. The limit is far from both, for any machine.
        txn.exec("UPDATE registry.setting SET value = '20 minutes' WHERE name = 'node_offline_after'");
        txn.exec(
            "INSERT INTO registry.presence (provider, last_heartbeat_at, agent_version, capacity, running) "
            "VALUES "
            "($1, now() - interval '30 minutes', 'test', 1, 0)",
            {address});
        txn.exec("INSERT INTO registry.announced (provider, is_online) VALUES ($1, true)", {address});
        txn.exec(
            "INSERT INTO registry.presence_state (provider, state, number, since) VALUES ($1, 'online', 1, "
            "now() - interval '1 day')",
            {address});
    });
    const auto count = [&](const std::string& rows, const std::vector<store::Param>& params) {
        return scene.admin.transact([&](store::Txn& txn) {
            return txn.one("SELECT count(*) AS n FROM " + rows, params).get<int>("n");
        });
    };
    const std::string changes = "registry.presence_change WHERE provider = $1 AND number = $2 AND state = $3";
    scene.take(scene.next(*scene.first));
    {
        const std::jthread loop([&](const std::stop_token& stop) { scene.loop.run(stop); });
        CHECK(testkit::wait_until([&] { return count(changes, {address, 3, "online"}) == 1; }));
    }
    CHECK(count(changes, {address, 2, "offline"}) == 1);
    CHECK(count("bus.outbox WHERE subject = $1", {"events.node." + address.hex()}) == 0);
}
