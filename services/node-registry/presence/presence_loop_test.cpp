#include "services/node-registry/presence/presence_loop.hpp"

#include <catch2/catch.hpp>

#include "services/node-registry/testing/registry_scene.hpp"
#include "wire/provider_notice.hpp"
#include "wire/subjects.hpp"

using namespace lamda;
using namespace lamda::registry;
using namespace lamda::registry::test;

TEST_CASE(
    "the last notice with a valid signature is stored; a wrong one is refused, and its heartbeat counts") {
    const testkit::TempDir dir{"notices"};
    testkit::PostgresServer postgres{dir.path()};
    const auto key =
        crypto::LocalSigner::from_hex("7c852118294e51e653712a81e05800f419141751be58f605c371e15141b007a6")
            .value();
    store::Database admin(testkit::migrated_database(postgres, "registry", "postgres"), "test", 1);
    admin.transact([&](store::Txn& txn) {
        txn.exec(
            "INSERT INTO chain.cursor (stream, chain_id, contracts, number, hash) VALUES ('dispatcher:bsc', "
            "97, "
            "$1, 1, decode(repeat('01', 32), 'hex'))",
            {kContract});
        txn.exec(
            "INSERT INTO registry.node (provider, is_registered, gpu_model, vram, job_count, last_seen, "
            "created_at, "
            "updated_at) VALUES ($1::bytea, true, 'A100', 80, 0, now(), now(), now())",
            {key->address()});
    });
    store::Database database(testkit::role_dsn(postgres, "registry", store::kRegistryRole), "test", 1);
    const SystemClock clock;
    telemetry::Metrics metrics;
    telemetry::Health health;
    PresenceLoop loop(database, Millis(90'000), clock, telemetry::Log::none(), metrics, health);
    loop.read_deployment();
    const auto domain = wire::market_domain(ChainId{97}, kContract);
    auto seq = static_cast<std::uint64_t>(clock.now().time_since_epoch().count());
    const auto next = [&] {
        wire::Heartbeat out;
        out.provider = key->address();
        out.seq = ++seq;
        out.at = clock.now();
        out.agent_version = "0.1.0";
        return wire::sign_heartbeat(std::move(out), domain, *key);
    };
    const auto take = [&](const wire::Heartbeat& heartbeat) {
        loop.take({wire::heartbeat_subject(heartbeat.provider), wire::to_json(heartbeat), "", 0, 1});
    };
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
    take(wire::sign_notice(next(), wire::to_json(notice), domain, *key));
    take(next());  // before the flush: the notice stays
    CHECK(stored().notice == notice);
    CHECK(stored().seq == seq);

    auto forged = wire::sign_notice(next(), wire::to_json(notice), domain, *key);
    forged.notice->text = wire::to_json(wire::ProviderNotice{});
    take(forged);
    take(wire::sign_notice(next(), "{\"policy\":{\"network\":7}}", domain, *key));
    CHECK(stored().notice == notice);
    CHECK(stored().seq == seq);

    notice.policy->price.cpu_second = 8;
    take(wire::sign_notice(next(), wire::to_json(notice), domain, *key));
    CHECK(stored().notice == notice);
}
