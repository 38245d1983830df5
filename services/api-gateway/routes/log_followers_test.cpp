// Clients that follow a job's logs, over a socket.
#include "services/api-gateway/routes/log_followers.hpp"

#include <catch2/catch.hpp>

#include "http/testing/raw_client.hpp"
#include "services/api-gateway/testing/documented_api.hpp"

using namespace lamda;
using namespace lamda::gateway;

namespace {

void add_log(Gateway& gateway, unsigned job, std::int64_t seq, const std::string& data,
             const std::string& stream = "stdout", int attempt = 1) {
    gateway.database.transact([&](store::Txn& txn) {
        txn.exec(
            "INSERT INTO dispatch.job_log (job_id, attempt, seq, stream, at, data, bytes) "
            "VALUES ($1, $2, $3, $4, '2026-11-20T10:00:00Z', $5, octet_length($5))",
            {bytes_of(job), attempt, seq, stream, data});
        txn.notify("lamda_log");
    });
}

void set_work(Gateway& gateway, unsigned job, const std::string& state, int attempt = 1) {
    gateway.database.transact([&](store::Txn& txn) {
        txn.exec("UPDATE dispatch.job SET work_state = $2, status = $2, attempt = $3 WHERE id = $1",
                 {bytes_of(job), state, attempt});
    });
}

struct Follower {
    Follower(Gateway& gateway, unsigned job, const std::string& more = "") : client(gateway.port) {
        client.send("GET /api/jobs/" + id_of(job) + "/logs?follow=true" + more +
                    " HTTP/1.1\r\nHost: x\r\nOrigin: " + kOrigin + "\r\n\r\n");
        head = client.read_until("\r\n\r\n");
    }
    /// The next object.
    json next() {
        std::string line;
        do {
            line = client.read_until("\n");
        } while (line == "\n");
        return json::parse(line, nullptr, false);
    }
    http::RawClient client;
    std::string head;
};

}  // namespace

TEST_CASE("a follower gets the stored chunks, then new ones, until the job has ended") {
    Gateway gateway;
    gateway.add_job(1);
    add_log(gateway, 1, 1, "old\n");
    Follower follower(gateway, 1);
    CHECK(follower.head.starts_with("HTTP/1.1 200"));
    CHECK(follower.head.find("application/x-ndjson") != std::string::npos);
    CHECK(follower.head.find("Access-Control-Allow-Origin: " + std::string(kOrigin)) != std::string::npos);
    const auto first = follower.next();
    CHECK(keys_of(first) == Documented().properties.at("LogChunk"));
    CHECK(first["data"] == "old\n");
    add_log(gateway, 1, 2, "new\n", "stderr");
    CHECK(follower.next()["data"] == "new\n");
    for (std::int64_t seq = 3; seq < 30; ++seq) {
        add_log(gateway, 1, seq, std::to_string(seq));
    }
    for (std::int64_t seq = 3; seq < 30; ++seq) {
        CHECK(follower.next()["data"] == std::to_string(seq));
    }
    // The last output is stored at the end, not long before the follower would be ended.
    add_log(gateway, 1, 30, "late\n");
    set_work(gateway, 1, "completed");
    CHECK(follower.next()["data"] == "late\n");
    const auto end = follower.next();
    CHECK(end == json({{"stream", "end"}, {"status", "completed"}}));
    CHECK(keys_of(end) == Documented().properties.at("LogEnd"));
    CHECK(follower.client.closed_within(std::chrono::seconds(20)));
}

TEST_CASE("a follower continues after a place, and may choose a stream or an attempt") {
    Gateway gateway;
    gateway.add_job(1);
    add_log(gateway, 1, 1, "a");
    add_log(gateway, 1, 2, "b", "stderr");
    add_log(gateway, 1, 3, "c");
    add_log(gateway, 1, 1, "d", "stdout", 2);
    Follower from(gateway, 1, "&after=1.2");
    CHECK(from.next()["data"] == "c");
    Follower errors(gateway, 1, "&stream=stderr");
    CHECK(errors.next()["data"] == "b");
    set_work(gateway, 1, "running", 2);
    Follower attempt(gateway, 1, "&attempt=1");
    for (const char* wanted : {"a", "b", "c"}) {
        CHECK(attempt.next()["data"] == wanted);
    }
    INFO("an attempt ends when the next one begins");
    CHECK(attempt.next() == json({{"stream", "end"}, {"status", "running"}}));
    CHECK(gateway.get("/api/jobs/" + id_of(9) + "/logs?follow=true").status == 404);
    CHECK(pointers_of(gateway.get("/api/jobs/" + id_of(1) + "/logs?follow=yes").body) ==
          std::set<std::string>{"?follow"});
}

TEST_CASE("followers above the limit get 503 with Retry-After, and other requests are still served") {
    Gateway gateway;
    gateway.add_job(1);
    std::vector<std::unique_ptr<Follower>> followers;
    for (std::size_t i = 0; i < LogFollowers::kMostOfClient; ++i) {
        followers.push_back(std::make_unique<Follower>(gateway, 1));
        REQUIRE(followers.back()->head.starts_with("HTTP/1.1 200"));
    }
    const Follower refused(gateway, 1);
    CHECK(refused.head.starts_with("HTTP/1.1 503"));
    CHECK(refused.head.find("Retry-After: 10") != std::string::npos);
    CHECK(gateway.get("/api/jobs/" + id_of(1)).status == 200);
    followers.pop_back();
    CHECK(testkit::wait_until([&] { return Follower(gateway, 1).head.starts_with("HTTP/1.1 200"); }));
}
