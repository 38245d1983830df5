// Tests of the events for live feeds: each visible change once, and no history.
#include "services/node-registry/ingest/node_events.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "services/node-registry/testing/registry_scene.hpp"

using namespace lamda;
using namespace lamda::registry;
using namespace lamda::registry::test;
using nlohmann::json;
namespace nr = contracts::node_reputation;

namespace {

/// A registry and its live feeds.
struct Feeds : Registry {
    using Registry::Registry;
    /// Takes the waiting events out of the outbox, in order.
    std::vector<json> events(const std::string& subject) {
        std::vector<json> out;
        database.transact([&](store::Txn& txn) {
            for (const auto row :
                 txn.exec("WITH gone AS (DELETE FROM bus.outbox WHERE owner = 'registry' AND subject = $1 "
                          "RETURNING id, message_id, body) SELECT * FROM gone ORDER BY id",
                          {subject})) {
                out.push_back(json::parse(row.get<std::string>("body")));
                const auto id = "event:" + std::to_string(out.back().at("id").get<int>()) + ":" + subject;
                const auto message_id = row.get<std::string>("message_id");
                CHECK(message_id == (subject == "events.global" ? id + ":node" : id));
            }
        });
        return out;
    }
    std::vector<std::string> kinds(const std::string& subject) {
        std::vector<std::string> out;
        for (const auto& event : events(subject)) {
            out.push_back(event.at("kind").get<std::string>());
        }
        return out;
    }
    std::size_t announce() {
        return database.transact([&](store::Txn& txn) { return put_presence_events(txn, clock.now()); });
    }
    void heartbeat(const std::string& age) {
        database.transact([&](store::Txn& txn) {
            txn.exec(
                "INSERT INTO registry.presence VALUES ($1, now() - $2::interval, 'test', 1, 0) "
                "ON CONFLICT (provider) DO UPDATE SET last_heartbeat_at = excluded.last_heartbeat_at",
                {provider(1), age});
        });
    }
};

/// A batch without final blocks.
ingest::Batch recent(std::vector<std::vector<eth::Log>> blocks) {
    auto out = pgingest::batch_of(std::move(blocks));
    out.boundary = out.finalized = BlockNum{0};
    return out;
}

ingest::Batch history() {
    return recent({{log_of(nr::NodeRegistered{provider(1), "A100", 80})},
                   {log_of(nr::NodeHeartbeat{provider(1), 7})},
                   {log_of(nr::JobCountIncremented{provider(1), 1}),
                    log_of(nr::OwnershipTransferred{provider(8), provider(9)})},
                   {log_of(nr::NodeRegistered{provider(1), "H100", 80})},
                   {log_of(nr::NodeRegistered{provider(1), "H100", 80})}});
}

BlockRef block(std::uint64_t number) {
    return {BlockNum{number}, pgingest::numbered<BlockHash>(1, number)};
}

/// The part of a batch above the block.
ingest::Batch above(ingest::Batch batch, const BlockRef& cursor) {
    std::erase_if(batch.headers, [&](const auto& header) { return header.ref.number <= cursor.number; });
    std::erase_if(batch.logs, [&](const auto& log) { return log.block_num <= cursor.number; });
    batch.from = cursor;
    return batch;
}

const std::string kOwn = "events.node." + provider(1).hex();
using Kinds = std::vector<std::string>;

}  // namespace

TEST_CASE("Each visible change of a node is published once, on its own feed and on the global feed") {
    testkit::TempDir dir{"feeds"};
    testkit::PostgresServer postgres{dir.path()};
    Feeds registry(testkit::migrated_database(postgres, "correct", store::kRegistryRole));
    registry.projector.apply(history());
    const auto own = registry.events(kOwn);
    REQUIRE(own.size() == 3);
    CHECK(own[0].at("kind") == "node.registered");
    CHECK(own[0].at("chainId") == 5611);
    CHECK(own[0].at("blockNumber") == 1);
    CHECK(own[0].at("logIndex") == 0);
    CHECK(own[0].at("data").at("gpu_model") == "A100");
    CHECK(own[1].at("kind") == "node.job_counted");
    CHECK(own[1].at("data").at("total_jobs_completed") == 1);
    CHECK(own[2].at("kind") == "node.changed");
    CHECK(own[2].at("data").at("gpu_model") == "H100");
    CHECK(own[0].at("id") < own[1].at("id"));
    CHECK(registry.events("events.global") == own);

    // The reorg keeps the block of the heartbeat: count and second registration are orphaned.
    registry.projector.unwind({block(5), block(2)});
    const auto changed = registry.events(kOwn);
    REQUIRE(changed.size() == 1);
    CHECK(changed[0].at("kind") == "node.changed");
    CHECK(changed[0].at("blockHash").is_null());
    CHECK(changed[0].at("data").at("gpu_model") == "A100");
    CHECK(changed[0].at("data").at("total_jobs_completed") == 0);
    CHECK(changed[0].at("id") > own[2].at("id"));
}

TEST_CASE("An orphaned registration is published as retracted") {
    testkit::TempDir dir{"feeds"};
    testkit::PostgresServer postgres{dir.path()};
    Feeds registry(testkit::migrated_database(postgres, "correct", store::kRegistryRole));
    registry.projector.apply(recent({{}, {log_of(nr::NodeRegistered{provider(1), "A100", 80})}}));
    registry.events(kOwn);
    registry.projector.unwind({block(2), block(1)});
    const auto events = registry.events(kOwn);
    REQUIRE(events.size() == 1);
    CHECK(events[0].at("kind") == "node.retracted");
    CHECK(events[0].at("data").at("gpu_model") == "A100");
}

TEST_CASE("History is not published") {
    testkit::TempDir dir{"feeds"};
    testkit::PostgresServer postgres{dir.path()};
    Feeds registry(testkit::migrated_database(postgres, "correct", store::kRegistryRole),
                   std::chrono::minutes(6));
    registry.projector.apply(history());
    CHECK(registry.announce() == 0);  // offline for a long time
    CHECK(registry.kinds(kOwn).empty());
    CHECK(registry.kinds("events.global").empty());

    // Repairs of an audit are published: the feeds had wrong data until then.
    Feeds misled(testkit::migrated_database(postgres, "misled", store::kRegistryRole),
                 std::chrono::minutes(6));
    auto lies = history();
    lies.logs.erase(lies.logs.begin());
    lies.logs.erase(lies.logs.begin() + 2, lies.logs.end());
    misled.projector.apply(lies);
    pgingest::repair(misled.audited, history());
    CHECK(misled.kinds(kOwn) == Kinds{"node.registered", "node.changed"});
}

TEST_CASE("A node that goes online or offline is published once, by any instance") {
    testkit::TempDir dir{"feeds"};
    testkit::PostgresServer postgres{dir.path()};
    Feeds registry(testkit::migrated_database(postgres, "correct", store::kRegistryRole));
    registry.projector.apply(history());
    registry.events(kOwn);
    CHECK(registry.announce() == 0);
    registry.heartbeat("1 second");
    CHECK(registry.announce() == 1);
    CHECK(registry.announce() == 0);
    const auto online = registry.events(kOwn);
    REQUIRE(online.size() == 1);
    CHECK(online[0].at("kind") == "node.online");
    CHECK(online[0].at("data").at("is_online") == true);
    CHECK(online[0].at("blockNumber").is_null());
    registry.heartbeat("10 minutes");
    CHECK(registry.announce() == 1);
    CHECK(registry.kinds(kOwn) == Kinds{"node.offline"});
    CHECK(registry.announce() == 0);
}

TEST_CASE(
    "A node that a reorg unregistered, but that still has a row, is published online again after it is "
    "back") {
    testkit::TempDir dir{"feeds"};
    testkit::PostgresServer postgres{dir.path()};
    Feeds registry(testkit::migrated_database(postgres, "correct", store::kRegistryRole));
    const auto blocks = recent({{log_of(nr::JobCountIncremented{provider(1), 1})},
                                {log_of(nr::NodeRegistered{provider(1), "A100", 80})}});
    registry.projector.apply(blocks);
    registry.heartbeat("1 second");
    registry.announce();
    CHECK(registry.kinds(kOwn) == Kinds{"node.registered", "node.online"});

    registry.projector.unwind({block(2), block(1)});
    CHECK(registry.kinds(kOwn) == Kinds{"node.retracted"});
    REQUIRE(registry.nodes().size() == 1);  // the count is still canonical
    CHECK(registry.announce() == 0);
    SECTION("it stayed online") {}
    SECTION("it went offline meanwhile") {
        registry.heartbeat("10 minutes");
        CHECK(registry.announce() == 0);
    }
    registry.projector.apply(above(blocks, block(1)));
    CHECK(registry.kinds(kOwn) == Kinds{"node.registered"});
    registry.heartbeat("1 second");
    CHECK(registry.announce() == 1);
    CHECK(registry.kinds(kOwn) == Kinds{"node.online"});
    CHECK(registry.announce() == 0);
}
