// Tests of the routes that show a job's past, on a real PostgreSQL with the gateway's role.
#include <catch2/catch.hpp>

#include "services/api-gateway/testing/documented_api.hpp"

using namespace lamda;
using namespace lamda::gateway;

namespace {

void add_event(Gateway& gateway, unsigned job, const std::string& kind, const json& body = json::object(),
               std::optional<int> seq = {}, std::optional<std::string> refused = {}) {
    gateway.database.transact([&](store::Txn& txn) {
        const bool on_chain = kind == "created" || kind == "confirmed" || kind == "claimed";
        txn.exec(
            "INSERT INTO dispatch.job_event (job_id, kind, body, attempt, seq, block_num, block_hash, "
            "log_index, tx_hash, at, refused_reason) SELECT $1::bytea, $2, $3::jsonb, 1, $4::int, "
            "CASE WHEN $5 THEN $7::bigint END, CASE WHEN $5 THEN sha256(convert_to($2, 'UTF8')) END, "
            "CASE WHEN $5 THEN 0 END, CASE WHEN $5 THEN $1::bytea END, '2026-11-20T10:00:00Z', $6",
            {bytes_of(job), kind, body.dump(), seq, on_chain, refused, std::int64_t{100 + job}});
    });
}

void add_log(Gateway& gateway, unsigned job, int attempt, std::int64_t seq, const std::string& stream,
             const std::string& data, std::int64_t cut = 0) {
    gateway.database.transact([&](store::Txn& txn) {
        txn.exec(
            "INSERT INTO dispatch.job_log (job_id, attempt, seq, stream, at, data, bytes, cut_bytes) "
            "VALUES ($1, $2, $3, $4, '2026-11-20T10:00:00Z', $5, octet_length($5), $6)",
            {bytes_of(job), attempt, seq, stream, data, cut});
    });
}

/// Data of all pages, joined.
std::string all_output(Gateway& gateway, const std::string& path) {
    std::string out;
    std::string cursor;
    do {
        const auto page = gateway.get(path + (cursor.empty() ? "" : "&cursor=" + cursor));
        REQUIRE(page.status == 200);
        for (const auto& item : page.body["items"]) {
            out += item["data"].get<std::string>();
        }
        cursor = page.body["next_cursor"].is_null() ? "" : page.body["next_cursor"].get<std::string>();
    } while (!cursor.empty());
    return out;
}

}  // namespace

TEST_CASE("a job's events: oldest first, in pages, each with its states and its reason") {
    Gateway gateway;
    gateway.add_job(1);
    const std::string path = "/api/jobs/" + id_of(1) + "/events";
    CHECK(gateway.get(path).body == json({{"items", json::array()}, {"next_cursor", nullptr}}));
    add_event(gateway, 1, "created", {{"amount", "12"}});
    add_event(gateway, 2, "created");
    add_event(gateway, 1, "assignable", {{"next_attempt", 1}, {"docker_image", "i"}});
    add_event(gateway, 1, "running", json::object(), 2);
    add_event(gateway, 1, "retry", {{"error_message", "store_failed: no space"}, {"next_attempt", 2}}, 3);
    add_event(gateway, 1, "running", json::object(), 4, "superseded by attempt 2");

    const auto all = gateway.get(path);
    INFO(all.body.dump(1));
    REQUIRE(all.status == 200);
    REQUIRE(all.body["items"].size() == 5);
    CHECK(all.body["next_cursor"].is_null());
    const auto& items = all.body["items"];
    CHECK(items[0]["chain_state"] == "created");
    CHECK(items[0]["block"] == 101);
    CHECK(items[0]["amount"] == "12");
    CHECK(items[0]["work_state"].is_null());
    CHECK(items[3]["work_state_before"] == "running");
    CHECK(items[3]["work_state"] == "assigned");
    CHECK(items[3]["reason"] == "store_failed: no space");
    CHECK(items[3]["next_attempt"] == 2);
    CHECK(items[3]["no_effect_reason"].is_null());
    CHECK(items[4]["no_effect_reason"] == "superseded by attempt 2");
    CHECK(items[4]["work_state"] == "assigned");
    CHECK(keys_of(items[0]) == Documented().properties.at("JobEvent"));

    json paged = json::array();
    std::string cursor;
    do {
        const auto page = gateway.get(path + "?limit=2" + (cursor.empty() ? "" : "&cursor=" + cursor));
        REQUIRE(page.status == 200);
        for (const auto& item : page.body["items"]) {
            paged.push_back(item);
        }
        cursor = page.body["next_cursor"].is_null() ? "" : page.body["next_cursor"].get<std::string>();
    } while (!cursor.empty());
    INFO("the states continue over the pages");
    CHECK(paged == items);
}

TEST_CASE("events: an unknown job is 404, wrong parameters are named, other lists' cursors are refused") {
    Gateway gateway;
    gateway.add_job(1);
    gateway.add_job(2);
    CHECK(gateway.get("/api/jobs/" + id_of(9) + "/events").status == 404);
    CHECK(gateway.get("/api/jobs/12/events").body["errors"][0]["pointer"] == "{id}");
    const std::string path = "/api/jobs/" + id_of(1) + "/events";
    const auto other = gateway.get("/api/jobs?limit=1").body["next_cursor"].get<std::string>();
    CHECK(pointers_of(gateway.get(path + "?limit=0&kind=created&cursor=" + other).body) ==
          std::set<std::string>{"?limit", "?kind", "?cursor"});
    CHECK(pointers_of(gateway.get(path + "?job_id=" + id_of(2)).body) == std::set<std::string>{"?job_id"});
}

TEST_CASE("a job's logs: in the order of attempts and numbers, by stream, attempt and place, in pages") {
    Gateway gateway;
    gateway.add_job(1);
    gateway.add_job(2);
    const std::string path = "/api/jobs/" + id_of(1) + "/logs";
    CHECK(gateway.get(path).body == json({{"items", json::array()}, {"next_cursor", nullptr}}));
    CHECK(gateway.get("/api/jobs/" + id_of(9) + "/logs").status == 404);
    add_log(gateway, 1, 2, 1, "stdout", "e");
    add_log(gateway, 1, 1, 2, "stderr", "b");
    add_log(gateway, 1, 1, 1, "stdout", "a");
    add_log(gateway, 1, 1, 10, "stdout", "c");
    add_log(gateway, 1, 1, (std::int64_t{1} << 53) - 1, "cut", "", 77);
    add_log(gateway, 2, 1, 1, "stdout", "another job's");
    const auto all = gateway.get(path);
    INFO(all.body.dump(1));
    REQUIRE(all.body["items"].size() == 5);
    CHECK(keys_of(all.body["items"][0]) == Documented().properties.at("LogChunk"));
    CHECK(all.body["items"][3] == json({{"attempt", 1},
                                        {"seq", nullptr},
                                        {"stream", "cut"},
                                        {"at", "2026-11-20T10:00:00.000Z"},
                                        {"data", ""},
                                        {"cut_bytes", 77}}));
    CHECK(all_output(gateway, path + "?limit=1") == "abce");
    CHECK(all_output(gateway, path + "?limit=1000") == "abce");
    CHECK(all_output(gateway, path + "?stream=stdout&limit=1") == "ace");
    CHECK(all_output(gateway, path + "?attempt=1") == "abc");
    CHECK(all_output(gateway, path + "?attempt=2&limit=1") == "e");
    CHECK(all_output(gateway, path + "?attempt=3") == "");
    CHECK(all_output(gateway, path + "?after=1.2") == "ce");
    CHECK(all_output(gateway, path + "?after=1.2&attempt=2") == "e");
}

TEST_CASE("logs: a page of long chunks ends early, and wrong parameters are named") {
    Gateway gateway;
    gateway.add_job(1);
    const std::string path = "/api/jobs/" + id_of(1) + "/logs";
    for (int seq = 1; seq <= 20; ++seq) {
        add_log(gateway, 1, 1, seq, "stdout", std::string(60'000, 'x'));
    }
    const auto first = gateway.get(path);
    CHECK(first.raw.body.size() < (700U << 10));
    CHECK_FALSE(first.body["next_cursor"].is_null());
    CHECK(all_output(gateway, path + "?limit=1000").size() == 20 * 60'000);
    const auto other = gateway.get("/api/jobs/" + id_of(1) + "/events").body["next_cursor"];
    CHECK(other.is_null());
    CHECK(pointers_of(gateway.get(path + "?limit=0&stream=cut&attempt=0&after=1&cursor=x&kind=y").body) ==
          std::set<std::string>{"?limit", "?stream", "?attempt", "?after", "?cursor", "?kind"});
    CHECK(pointers_of(gateway.get(path + "?attempt=4000000000&stream=stdout&stream=stderr").body) ==
          std::set<std::string>{"?attempt", "?stream"});
}
