// Tests of the recorded history of nodes' presence: each change once, with its reason and time.
#include "services/node-registry/presence/presence_history_store.hpp"

#include <array>
#include <atomic>
#include <catch2/catch.hpp>
#include <exception>
#include <thread>

#include "services/node-registry/testing/registry_scene.hpp"

using namespace lamda;
using namespace lamda::registry;
using namespace lamda::registry::test;

namespace {

struct Change {
    std::int64_t number;
    std::string state;
    std::string previous;
    std::string reason;
    bool operator==(const Change&) const = default;
};
using Changes = std::vector<Change>;

std::ostream& operator<<(std::ostream& out, const Change& change) {
    return out << change.number << " " << change.previous << " → " << change.state << " by " << change.reason;
}

/// A registered node; the database's clock runs, heartbeats are given by their age.
struct Scene {
    testkit::TempDir dir{"history"};
    testkit::PostgresServer postgres{dir.path()};
    store::Database admin{testkit::migrated_database(postgres, "registry", "postgres"), "test", 1};
    store::Database first{testkit::role_dsn(postgres, "registry", store::kRegistryRole), "first", 1};
    store::Database second{testkit::role_dsn(postgres, "registry", store::kRegistryRole), "second", 1};

    Scene() { add_node(provider(1)); }
    void run(const std::string& sql, const std::vector<store::Param>& params = {}) {
        admin.transact([&](store::Txn& txn) { txn.exec(sql, params); });
    }
    void add_node(const Address& address, const std::string& chain_age = "1 hour") {
        run("INSERT INTO registry.node (provider, is_registered, gpu_model, vram, job_count, last_seen, "
            "created_at, updated_at) VALUES ($1, true, 'A100', 80, 0, now() - $2::interval, now(), now())",
            {address, chain_age});
    }
    void heartbeat(const std::string& age, int running = 0, bool draining = false) {
        run("INSERT INTO registry.presence (provider, last_heartbeat_at, agent_version, capacity, running, "
            "notice) VALUES ($1, now() - $2::interval, 'test', 2, $3, CASE WHEN $4 THEN "
            "'{\"draining\":true}'::jsonb ELSE '{}' END) ON CONFLICT (provider) DO UPDATE SET "
            "last_heartbeat_at = excluded.last_heartbeat_at, running = excluded.running, notice = "
            "excluded.notice",
            {provider(1), age, running, draining});
    }
    std::size_t record(std::size_t most = kMostChanges) {
        return first.transact([&](store::Txn& txn) { return record_presence(txn, most); });
    }
    Changes changes(const Address& address = provider(1)) {
        Changes out;
        admin.transact([&](store::Txn& txn) {
            for (const auto row : txn.exec(
                     "SELECT * FROM api.node_history WHERE wallet_address = $1 ORDER BY number", {address})) {
                out.push_back({row.get<std::int64_t>("number"), row.get<std::string>("state"),
                               row.get<std::string>("previous_state"), row.get<std::string>("reason")});
            }
        });
        return out;
    }
    /// The newest change's time, as an SQL condition that it has to fulfil. `at`: of the change
    bool newest_is(const std::string& condition) {
        return admin.transact([&](store::Txn& txn) {
            return txn
                .one("SELECT " + condition +
                     " AS ok FROM api.node_history h JOIN registry.presence p ON p.provider = "
                     "h.wallet_address ORDER BY h.number DESC LIMIT 1")
                .get<bool>("ok");
        });
    }
};

}  // namespace

TEST_CASE("each change of presence is recorded once, with its reason and the time at which it began") {
    Scene scene;
    CHECK(scene.record() == 0);  // never online
    scene.heartbeat("1 second");
    CHECK(scene.record() == 1);
    CHECK(scene.newest_is("at = last_heartbeat_at"));
    CHECK(scene.record() == 0);
    scene.heartbeat("0 seconds");  // a repeated heartbeat
    CHECK(scene.record() == 0);
    scene.heartbeat("0 seconds", 2);
    CHECK(scene.record() == 1);
    scene.heartbeat("0 seconds", 2, true);
    CHECK(scene.record() == 1);
    scene.heartbeat("0 seconds", 1, true);
    CHECK(scene.record() == 0);
    scene.heartbeat("0 seconds", 1);
    CHECK(scene.record() == 1);
    scene.heartbeat("0 seconds", 2);
    CHECK(scene.record() == 1);
    scene.heartbeat("0 seconds", 1);
    CHECK(scene.record() == 1);
    scene.run("UPDATE registry.setting SET value = '1 millisecond' WHERE name = 'node_offline_after'");
    scene.run("SELECT pg_sleep(0.002)");
    CHECK(scene.record() == 1);
    CHECK(scene.newest_is("at = last_heartbeat_at + interval '1 millisecond'"));
    CHECK(scene.record() == 0);
    CHECK(scene.changes() == Changes{{1, "online", "offline", "heartbeat"},
                                     {2, "full", "online", "slots_taken"},
                                     {3, "draining", "full", "provider_draining"},
                                     {4, "online", "draining", "provider_back"},
                                     {5, "full", "online", "slots_taken"},
                                     {6, "online", "full", "slots_free"},
                                     {7, "offline", "online", "no_heartbeat"}});
}

TEST_CASE("a node without heartbeats on the bus is online and offline by those on chain") {
    Scene scene;
    scene.add_node(provider(2), "1 minute");
    CHECK(scene.record() == 1);
    scene.run("UPDATE registry.node SET last_seen = now() - interval '11 minutes' WHERE provider = $1",
              {provider(2)});
    CHECK(scene.record() == 1);
    CHECK(scene.changes(provider(2)) == Changes{{1, "online", "offline", "chain_heartbeat"},
                                                {2, "offline", "online", "no_chain_heartbeat"}});
    CHECK(scene.changes().empty());
}

TEST_CASE(
    "of a node with both kinds of heartbeats, those on chain count from an hour after the last on the bus") {
    Scene scene;
    const auto beats = [&](const std::string& bus_age, const std::string& chain_age) {
        scene.heartbeat(bus_age);
        scene.run("UPDATE registry.node SET last_seen = now() - $1::interval", {chain_age});
    };
    const std::string chain = "(SELECT last_seen FROM registry.node)";
    SECTION("online by the chain's heartbeat, an hour after the last one on the bus") {
        beats("61 minutes", "5 minutes");
        CHECK(scene.record() == 1);
        CHECK(scene.newest_is("at = last_heartbeat_at + interval '1 hour'"));
        CHECK(scene.changes() == Changes{{1, "online", "offline", "chain_heartbeat"}});
    }
    SECTION("online by a later heartbeat on chain") {
        beats("2 hours", "1 minute");
        CHECK(scene.record() == 1);
        CHECK(scene.newest_is("at = " + chain));
    }
    SECTION("offline, after no registry was running") {
        beats("0 seconds", "20 minutes");
        CHECK(scene.record() == 1);
        scene.run("UPDATE registry.presence_state SET since = now() - interval '1 day'");
        SECTION("by the bus: those on chain ended before they counted") {
            beats("2 hours", "90 minutes");
            CHECK(scene.record() == 1);
            CHECK(
                scene.newest_is("at = last_heartbeat_at + (SELECT value::interval FROM registry.setting "
                                "WHERE name = 'node_offline_after')"));
            CHECK(scene.changes().back() == Change{2, "offline", "online", "no_heartbeat"});
        }
        SECTION("by the chain") {
            beats("2 hours", "65 minutes");
            CHECK(scene.record() == 1);
            CHECK(scene.newest_is("at = " + chain + " + interval '10 minutes'"));
            CHECK(scene.changes().back() == Change{2, "offline", "online", "no_chain_heartbeat"});
        }
    }
}

TEST_CASE("a reorg that removes a node's registration ends its presence once") {
    Scene scene;
    scene.heartbeat("0 seconds");
    CHECK(scene.record() == 1);
    SECTION("the node is gone") {
        scene.run("DELETE FROM registry.node");
    }
    SECTION("the node has other entries") {
        scene.run("UPDATE registry.node SET is_registered = false");
    }
    CHECK(scene.record() == 1);
    CHECK(scene.record() == 0);
    CHECK(scene.changes() ==
          Changes{{1, "online", "offline", "heartbeat"}, {2, "offline", "online", "not_registered"}});
}

TEST_CASE("two registries never record the same change twice") {
    Scene scene;
    SECTION("the second one compares while the first one does") {
        scene.heartbeat("0 seconds");
        std::size_t recorded = 0;
        scene.first.transact([&](store::Txn& txn) {
            recorded = record_presence(txn);
            scene.second.transact([](store::Txn& other) { CHECK(record_presence(other) == 0); });
        });
        CHECK(recorded == 1);
    }
    SECTION("the second one began before the first one, and compares after it") {
        // By its time the node is still online.
        scene.heartbeat("0 seconds");
        CHECK(scene.record() == 1);
        scene.second.transact([&](store::Txn& late) {
            late.exec("SELECT pg_sleep(0.002)");
            scene.run(
                "UPDATE registry.setting SET value = '1 millisecond' WHERE name = 'node_offline_after'");
            scene.heartbeat("-1 milliseconds");  // too old for the first one, new for the second
            scene.run("SELECT pg_sleep(0.01)");
            CHECK(scene.record() == 1);
            CHECK(record_presence(late) == 0);
        });
        CHECK(scene.changes().size() == 2);
        CHECK(scene.changes().back().state == "offline");
    }
    SECTION("both, as often as they can") {
        std::array<std::size_t, 2> recorded{};
        std::array<std::exception_ptr, 2> failed;
        {
            std::atomic<int> at_work = 0;
            const auto loop = [&](store::Database& database, std::size_t number) {
                return std::jthread([&, number](const std::stop_token& stop) {
                    try {
                        while (!stop.stop_requested()) {
                            const auto more =
                                database.transact([](store::Txn& txn) { return record_presence(txn); });
                            at_work += recorded.at(number) == 0 && more > 0 ? 1 : 0;
                            recorded.at(number) += more;
                        }
                    } catch (...) {
                        failed.at(number) = std::current_exception();
                    }
                });
            };
            const auto one = loop(scene.first, 0);
            const auto two = loop(scene.second, 1);
            int beats = 0;
            CHECK(testkit::wait_until([&] {
                scene.heartbeat("0 seconds", 2 * (++beats % 2));
                return at_work == 2;
            }));
            scene.heartbeat("0 seconds", 2);
        }
        CHECK_FALSE(failed[0]);
        CHECK_FALSE(failed[1]);
        CHECK(recorded[0] > 0);
        CHECK(recorded[1] > 0);
        scene.record();
        const auto changes = scene.changes();
        REQUIRE_FALSE(changes.empty());
        std::string state = "offline";
        std::int64_t number = 0;
        for (const auto& change : changes) {
            CHECK(change.number == ++number);
            CHECK(change.previous == state);
            CHECK(change.state != state);
            state = change.state;
        }
        CHECK(state == "full");
    }
}

TEST_CASE(
    "a transaction that fails leaves neither state nor history, and the change is recorded by the next one") {
    Scene scene;
    scene.heartbeat("0 seconds");
    CHECK_THROWS_AS(scene.first.transact([](store::Txn& txn) {
        CHECK(record_presence(txn) == 1);
        throw std::runtime_error("killed before the commit");
    }),
                    std::runtime_error);
    CHECK(scene.changes().empty());
    CHECK(scene.record() == 1);
    CHECK(scene.changes() == Changes{{1, "online", "offline", "heartbeat"}});
}

TEST_CASE("history is bounded by number and by age, and the present state stays known") {
    Scene scene;
    for (int i = 0; i < 6; ++i) {
        scene.heartbeat("0 seconds", 2 * (i % 2));
        CHECK(scene.record(3) == 1);
    }
    REQUIRE(scene.changes().size() == 3);
    CHECK(scene.changes().front().number == 4);
    scene.run("UPDATE registry.presence_change SET at = at - interval '31 days' WHERE number < 6");
    const auto delete_old = [&](std::size_t most) {
        return scene.first.transact(
            [&](store::Txn& txn) { return delete_old_changes(txn, kHistoryKept, most); });
    };
    CHECK(delete_old(1) == 1);
    CHECK(scene.changes().front().number == 5);
    CHECK(delete_old(10) == 1);
    CHECK(delete_old(10) == 0);
    scene.run("UPDATE registry.presence_change SET at = at - interval '31 days'");
    CHECK(delete_old(10) == 1);
    CHECK(scene.changes().empty());
    CHECK(scene.record() == 0);
    scene.heartbeat("0 seconds");
    CHECK(scene.record() == 1);
    CHECK(scene.changes() == Changes{{7, "online", "full", "slots_free"}});
}
