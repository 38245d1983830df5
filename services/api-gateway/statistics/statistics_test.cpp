// Tests of the routes of statistics on a real PostgreSQL, with the gateway's role. The summaries are the
// dispatcher's: here they are written as they are.
#include <catch2/catch.hpp>

#include "services/api-gateway/statistics/stats_store.hpp"
#include "services/api-gateway/testing/documented_api.hpp"

using namespace lamda;
using namespace lamda::gateway;

namespace {

void run(Gateway& gateway, const std::string& sql, const std::vector<store::Param>& params = {}) {
    gateway.database.transact([&](store::Txn& txn) { txn.exec(sql, params); });
}

void add_market(Gateway& gateway, const std::string& period, const std::string& rows) {
    run(gateway,
        "INSERT INTO dispatch.market_summary (period, starts_at, timeline, state, grade, jobs, amount) "
        "SELECT '" +
            period + "', * FROM (VALUES " + rows + ") v");
}

void add_summary(Gateway& gateway, const std::string& role, const Address& address, const std::string& rows) {
    run(gateway,
        "INSERT INTO dispatch.address_summary (role, address, timeline, starts_at, state, grade, jobs, "
        "amount) "
        "SELECT '" +
            role + "', $1, * FROM (VALUES " + rows + ") v",
        {address});
}

/// In one transaction, whose time is the end of the ages. `age`: of the change
void add_change(store::Txn& txn, int number, const std::string& state, const std::string& age) {
    txn.exec(
        "INSERT INTO registry.presence_change (provider, number, state, previous_state, reason, at) VALUES "
        "($1, $2, $3, CASE WHEN $3 = 'offline' THEN 'online' ELSE 'offline' END, 'heartbeat', now() - "
        "$4::interval)",
        {kProvider, number, state, age});
}

json finished(int completed, int failed, int cancelled, int expired) {
    return {{"completed", completed}, {"failed", failed}, {"cancelled", cancelled}, {"expired", expired}};
}

}  // namespace

TEST_CASE("the market over time: one item for each interval, also for empty ones") {
    Gateway gateway;
    add_market(
        gateway, "hour",
        "('2026-11-20T08:00:00Z'::timestamptz, 'created', 'paid', 0::smallint, 2::bigint, 30::numeric), "
        "('2026-11-20T08:00:00Z', 'created', 'running', 0, 1, 340282366920938463463374607431768211456), "
        "('2026-11-20T08:00:00Z', 'created', 'retracted', 0, 5, 500), "
        "('2026-11-20T10:00:00Z', 'finished', 'completed', 8, 18, 0), "
        "('2026-11-20T10:00:00Z', 'finished', 'completed', 80, 1, 0), "
        "('2026-11-20T10:00:00Z', 'finished', 'completed', 0, 1, 0), "
        "('2026-11-20T10:00:00Z', 'finished', 'completed', 100, 0, 0), "
        "('2026-11-20T10:00:00Z', 'finished', 'failed', 0, 3, 0), "
        "('2026-11-20T10:00:00Z', 'finished', 'cancelled', 0, 1, 0), "
        "('2026-11-20T10:00:00Z', 'finished', 'expired', 0, 2, 0), "
        "('2026-11-20T10:00:00Z', 'active', '', 0, 4, 0), "
        "('2026-11-20T11:00:00Z', 'created', 'paid', 0, 9, 9)");
    const auto answer = gateway.get("/api/market/stats?from=2026-11-20T08:30:00Z&to=2026-11-20T10:30:00Z");
    REQUIRE(answer.status == 200);
    CHECK(answer.body["from"] == "2026-11-20T08:00:00.000Z");
    CHECK(answer.body["to"] == "2026-11-20T11:00:00.000Z");
    CHECK(answer.body["interval"] == "hour");
    const auto& items = answer.body["items"];
    REQUIRE(items.size() == 3);
    CHECK(items[0] == json({{"start", "2026-11-20T08:00:00.000Z"},
                            {"jobs_created", 3},
                            {"volume", "340282366920938463463374607431768211486"},
                            {"finished", finished(0, 0, 0, 0)},
                            {"active_nodes", 0},
                            {"completion_time_ms", nullptr}}));
    CHECK(items[1] == json({{"start", "2026-11-20T09:00:00.000Z"},
                            {"jobs_created", 0},
                            {"volume", "0"},
                            {"finished", finished(0, 0, 0, 0)},
                            {"active_nodes", 0},
                            {"completion_time_ms", nullptr}}));
    // 20 completed: the 10th and the 19th of them have a grade of 8, above 1.83 s up to 2 s.
    CHECK(items[2]["finished"] == finished(20, 3, 1, 2));
    CHECK(items[2]["completion_time_ms"] == json({{"p50", 1915}, {"p95", 1915}}));
    CHECK(items[2]["active_nodes"] == 4);
    const Documented documented;
    CHECK(keys_of(answer.body) == documented.properties.at("MarketStats"));
    CHECK(keys_of(items[0]) == documented.properties.at("MarketInterval"));

    CHECK(gateway.get("/api/market/stats?interval=day").body["items"].size() == 30);
    const auto days =
        gateway.get("/api/market/stats?interval=day&from=2026-11-20T08:30:00Z&to=2026-11-20T10:30:00Z");
    CHECK(days.body["items"].size() == 1);
    CHECK(days.body["items"][0]["jobs_created"] == 0);  // the hours are not counted as days
}

TEST_CASE("bad ranges of statistics are refused with all faults") {
    Gateway gateway;
    const auto answer = gateway.get("/api/market/stats?interval=week&from=2026&sort=start");
    CHECK(answer.status == 400);
    CHECK(pointers_of(answer.body) == std::set<std::string>{"?interval", "?from", "?sort"});
    CHECK(gateway.get("/api/market/stats?from=2020-01-01T00:00:00Z").status == 400);
    CHECK(pointers_of(gateway.get("/api/jobs/stats?to=now&renter_address=1").body) ==
          std::set<std::string>{"?to", "?renter_address"});
    CHECK(pointers_of(gateway.get("/api/nodes/0x1/stats").body) == std::set<std::string>{"{address}"});
    gateway.add_node(kProvider);
    CHECK(pointers_of(gateway.get("/api/nodes/" + kProvider.hex() + "/stats?from=1").body) ==
          std::set<std::string>{"?from"});
}

TEST_CASE("jobs and payments by status, of all, of a renter and of a provider, in whole days") {
    Gateway gateway;
    add_market(
        gateway, "day",
        "('2026-11-19T00:00:00Z'::timestamptz, 'created', 'paid', 0::smallint, 2::bigint, 30::numeric), "
        "('2026-11-20T00:00:00Z', 'created', 'paid', 0, 1, 5), "
        "('2026-11-20T00:00:00Z', 'created', 'retracted', 0, 7, 70), "
        "('2026-11-20T00:00:00Z', 'created', 'failed', 0, 0, 0), "
        "('2026-11-20T00:00:00Z', 'finished', 'completed', 9, 3, 0)");
    add_market(
        gateway, "hour",
        "('2026-11-19T00:00:00Z'::timestamptz, 'created', 'paid', 0::smallint, 2::bigint, 1::numeric)");
    add_summary(
        gateway, "renter", kRenter,
        "('created', '2026-11-20T00:00:00Z'::timestamptz, 'running', 0::smallint, 4::bigint, 8::numeric)");
    add_summary(
        gateway, "provider", kRenter,
        "('created', '2026-11-20T00:00:00Z'::timestamptz, 'paid', 0::smallint, 1::bigint, 2::numeric)");
    const auto sums = [&](const std::string& query) {
        const auto answer = gateway.get("/api/jobs/stats" + query);
        REQUIRE(answer.status == 200);
        REQUIRE(answer.body["statuses"].size() == 13);
        json out = {{"jobs", answer.body["jobs"]}, {"volume", answer.body["volume"]}};
        for (const auto& sum : answer.body["statuses"]) {
            if (sum["jobs"] != 0) {
                out[sum["status"].get<std::string>()] = {sum["jobs"], sum["payment_amount"]};
            } else {
                CHECK(sum["payment_amount"] == "0");
            }
        }
        return out;
    };
    CHECK(sums("") == json({{"jobs", 3}, {"volume", "35"}, {"paid", {3, "35"}}, {"retracted", {7, "70"}}}));
    CHECK(sums("?to=2026-11-20T00:00:00Z") == json({{"jobs", 2}, {"volume", "30"}, {"paid", {2, "30"}}}));
    CHECK(sums("?from=2026-11-20T23:00:00Z") ==
          json({{"jobs", 1}, {"volume", "5"}, {"paid", {1, "5"}}, {"retracted", {7, "70"}}}));
    CHECK(sums("?renter_address=" + kRenter.hex()) ==
          json({{"jobs", 4}, {"volume", "8"}, {"running", {4, "8"}}}));
    CHECK(sums("?provider_address=" + kRenter.hex() + "&from=2026-11-20T00:00:00Z&to=2026-11-21T00:00:00Z") ==
          json({{"jobs", 1}, {"volume", "2"}, {"paid", {1, "2"}}}));
    CHECK(sums("?provider_address=" + kProvider.hex()) == json({{"jobs", 0}, {"volume", "0"}}));
    const auto answer = gateway.get("/api/jobs/stats?from=2026-11-20T08:00:00Z");
    CHECK(answer.body["from"] == "2026-11-20T00:00:00.000Z");
    CHECK(answer.body["to"].is_null());
    const Documented documented;
    CHECK(keys_of(answer.body) == documented.properties.at("JobStats"));
}

TEST_CASE("a node's jobs, earnings and success") {
    Gateway gateway;
    const auto path = "/api/nodes/" + kProvider.hex() + "/stats";
    CHECK(gateway.get(path).status == 404);
    gateway.add_node(kProvider);
    const auto empty = gateway.get(path).body;
    for (const auto* name : {"success_share", "completion_time_ms", "online_share", "observed_from"}) {
        CHECK(empty[name].is_null());
    }
    add_summary(
        gateway, "provider", kProvider,
        "('created', '2026-11-19T00:00:00Z'::timestamptz, 'paid', 0::smallint, 2::bigint, 30::numeric), "
        "('created', '2026-11-20T00:00:00Z', 'paid', 0, 1, 4), "
        "('created', '2026-11-20T00:00:00Z', 'confirmed', 0, 1, 7), "
        "('created', '2026-11-20T00:00:00Z', 'retracted', 0, 1, 100), "
        "('finished', '2026-11-19T00:00:00Z', 'completed', 8, 1, 0), "
        "('finished', '2026-11-20T00:00:00Z', 'completed', 8, 1, 0), "
        "('finished', '2026-11-20T00:00:00Z', 'completed', 16, 1, 0), "
        "('finished', '2026-11-20T00:00:00Z', 'failed', 0, 1, 0), "
        "('finished', '2026-11-20T00:00:00Z', 'cancelled', 0, 5, 0), "
        "('finished', '2026-11-20T00:00:00Z', 'expired', 0, 2, 0)");
    add_summary(
        gateway, "renter", kProvider,
        "('created', '2026-11-20T00:00:00Z'::timestamptz, 'paid', 0::smallint, 9::bigint, 9::numeric)");
    const auto stats = gateway.get(path).body;
    CHECK(stats["jobs"] == 4);
    CHECK(stats["volume"] == "41");
    CHECK(stats["volume_earned"] == "34");
    CHECK(stats["volume_claimable"] == "7");
    CHECK(stats["finished"] == finished(3, 1, 5, 2));
    CHECK(stats["success_share"] == 0.5);
    CHECK(stats["completion_time_ms"] == json({{"p50", 1915}, {"p95", 3830}}));
    const Documented documented;
    CHECK(keys_of(stats) == documented.properties.at("NodeStats"));
}

TEST_CASE("a node's online share covers the time for which its presence is known, and is rounded down") {
    Gateway gateway;
    gateway.add_node(kProvider);
    gateway.database.transact([](store::Txn& txn) {
        const auto share = [&] { return read_online_share(txn, kProvider).ten_thousandths; };
        CHECK_FALSE(share());
        SECTION("since its first change") {
            add_change(txn, 1, "online", "4 days");
            add_change(txn, 2, "offline", "1 day");
            CHECK(share() == 7'500);
            add_change(txn, 3, "full", "0 days");
            CHECK(share() == 7'500);
        }
        SECTION("of two thirds") {
            add_change(txn, 1, "online", "3 days");
            add_change(txn, 2, "offline", "1 day");
            CHECK(share() == 6'666);
        }
        SECTION("30 days, if earlier changes were deleted for their age") {
            add_change(txn, 5, "offline", "15 days");
            CHECK(share() == 5'000);
            add_change(txn, 4, "online", "40 days");  // not deleted yet
            CHECK(share() == 5'000);
        }
        SECTION("up to now, if the clock was set back after a change") {
            add_change(txn, 1, "online", "3 days");
            add_change(txn, 2, "offline", "-1 day");
            CHECK(share() == 10'000);
            add_change(txn, 3, "online", "-2 days");
            CHECK(share() == 10'000);
        }
    });
}

TEST_CASE("a node's online share is its present state, if all changes were deleted") {
    Gateway gateway;
    run(gateway,
        "INSERT INTO registry.presence_state (provider, state, number, since) VALUES ($1, 'draining', 7, "
        "now() - interval '40 days')",
        {kProvider});
    // A node that a reorg unregistered keeps its history.
    const auto answer = gateway.get("/api/nodes/" + kProvider.hex() + "/stats");
    REQUIRE(answer.status == 200);
    CHECK(answer.body["online_share"].dump() == "1.0");
    CHECK(answer.body["observed_from"].is_string());
}

TEST_CASE("sums that are below zero while changes wait to be summarized are shown as zero") {
    Gateway gateway;
    gateway.add_node(kProvider);
    const std::string rows =
        "'2026-11-20T08:00:00Z'::timestamptz, 'running', 0::smallint, -1::bigint, -5::numeric), "
        "('created', '2026-11-20T08:00:00Z', 'paid', 0, 2, -7), "
        "('finished', '2026-11-20T08:00:00Z', 'failed', 0, -1, -5), "
        "('finished', '2026-11-20T08:00:00Z', 'completed', 0, 1, 5), "
        "('finished', '2026-11-20T08:00:00Z', 'completed', 8, 19, 5), "
        "('finished', '2026-11-20T08:00:00Z', 'completed', 80, -10, -5)";
    add_summary(gateway, "provider", kProvider, "('created', " + rows);
    run(gateway,
        "INSERT INTO dispatch.market_summary (period, starts_at, timeline, state, grade, jobs, amount) "
        "SELECT p, starts_at, timeline, state, grade, jobs, amount FROM dispatch.address_summary, "
        "unnest('{hour,day}'::text[]) p UNION ALL SELECT 'hour', '2026-11-20T08:00:00Z', 'active', '', 0, "
        "-1, "
        "0");
    const auto check_sums = [](const json& stats) {
        CHECK(stats["jobs"] == 2);
        CHECK(stats["volume"] == "0");
        for (const auto& sum : stats["statuses"]) {
            CHECK(sum["jobs"] == (sum["status"] == "paid" ? 2 : 0));
            CHECK(sum["payment_amount"] == "0");
        }
    };
    check_sums(gateway.get("/api/jobs/stats").body);
    check_sums(gateway.get("/api/jobs/stats?provider_address=" + kProvider.hex()).body);
    const auto node = gateway.get("/api/nodes/" + kProvider.hex() + "/stats").body;
    check_sums(node);
    CHECK(node["finished"] == finished(10, 0, 0, 0));
    CHECK(node["success_share"] == 1);
    CHECK(node["completion_time_ms"] == json({{"p50", 1915}, {"p95", 1915}}));
    const auto market =
        gateway.get("/api/market/stats?from=2026-11-20T08:00:00Z&to=2026-11-20T09:00:00Z").body["items"][0];
    CHECK(market["jobs_created"] == 1);
    CHECK(market["volume"] == "0");
    CHECK(market["finished"] == finished(10, 0, 0, 0));
    CHECK(market["active_nodes"] == 0);
    CHECK(market["completion_time_ms"] == json({{"p50", 1915}, {"p95", 1915}}));
}

TEST_CASE("statistics are read by index, and never from the jobs") {
    Gateway gateway;
    gateway.add_node(kProvider);
    run(gateway,
        "INSERT INTO dispatch.market_summary SELECT p, now() - n * interval '1 hour', 'created', 'paid', 0, "
        "1, 1 "
        "FROM generate_series(1, 20000) n, unnest('{hour,day}'::text[]) p");
    run(gateway,
        "INSERT INTO dispatch.address_summary SELECT CASE n % 2 WHEN 0 THEN 'provider' ELSE 'renter' END, "
        "substr(sha256(int4send(n)), 1, 20), 'created', now(), 'paid', 0, 1, 1 FROM generate_series(1, "
        "20000) n");
    run(gateway,
        "INSERT INTO registry.presence_change SELECT substr(sha256(int4send(n)), 1, 20), 1, 'online', "
        "'offline', "
        "'heartbeat', now() FROM generate_series(1, 20000) n");
    for (unsigned n = 0; n < 20; ++n) {
        gateway.add_job(n);
    }
    run(gateway, "ANALYZE");
    const auto scans = [&](const std::string& column) {
        return gateway.database.transact([&](store::Txn& txn) {
            std::map<std::string, std::int64_t> out;
            for (const auto row : txn.exec("SELECT relname, coalesce(" + column +
                                           ", 0)::bigint AS scans FROM pg_stat_user_tables WHERE relname IN "
                                           "('job', 'market_summary', "
                                           "'address_summary', 'presence_change')")) {
                out.emplace(row.get<std::string>("relname"), row.get<std::int64_t>("scans"));
            }
            return out;
        });
    };
    run(gateway, "SELECT pg_stat_force_next_flush()");
    const auto whole_before = scans("seq_scan");
    const auto by_index_before = scans("idx_scan");
    const std::string address = kProvider.hex();
    // The server's sessions report their counts within seconds.
    REQUIRE(testkit::wait_until([&] {
        for (const auto& path :
             {"/api/market/stats?from=" + to_rfc3339(gateway.clock.now() - std::chrono::hours(900)),
              std::string("/api/jobs/stats?from=") +
                  to_rfc3339(gateway.clock.now() - std::chrono::hours(2'400)),
              "/api/jobs/stats?renter_address=" + address, "/api/nodes/" + address + "/stats",
              "/api/nodes/" + address + "/history"}) {
            REQUIRE(gateway.get(path).status == 200);
        }
        const auto by_index = scans("idx_scan");
        return by_index.at("market_summary") >= by_index_before.at("market_summary") + 2 &&
               by_index.at("address_summary") >= by_index_before.at("address_summary") + 3 &&
               by_index.at("presence_change") >= by_index_before.at("presence_change") + 2;
    }));
    CHECK(scans("seq_scan") == whole_before);
}
