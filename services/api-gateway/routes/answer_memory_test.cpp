// Tests of the memory limit with many concurrent lists of jobs with large specs.
#include <catch2/catch.hpp>
#include <thread>
#include <vector>

#include "services/api-gateway/testing/gateway_scene.hpp"
#include "views/page.hpp"

using namespace lamda;
using namespace lamda::gateway;

TEST_CASE("Forty concurrent lists are answered or refused within the memory budget, for specs of any size") {
    Gateway gateway;
    for (unsigned n = 1; n <= 60; ++n) {
        gateway.add_job(n);
    }
    gateway.database.transact([&](store::Txn& txn) {
        txn.exec(
            "INSERT INTO dispatch.spec (id, spec) SELECT id, convert_to(repeat('x', 65536), 'UTF8') "
            "FROM dispatch.job");
    });
    std::atomic<int> answered{0};
    std::atomic<int> refused{0};
    std::vector<std::thread> clients;
    for (int i = 0; i < 40; ++i) {
        clients.emplace_back([&] {
            net::HttpClient client;
            net::HttpRequest request;
            request.method = "GET";
            request.url = "http://127.0.0.1:" + std::to_string(gateway.port) + "/api/jobs?limit=1000";
            request.timeout = testkit::kCallTimeout;
            const auto answer = client.send(request);
            const auto body = json::parse(answer.body);
            answered += answer.status == 200 && body.at("items").size() == 60 ? 1 : 0;
            refused += answer.status == 503 && body.at("code") == "answers_too_large" ? 1 : 0;
        });
    }
    for (auto& client : clients) {
        client.join();
    }
    CHECK(answered > 0);
    CHECK(answered + refused == 40);
    // An answer is counted until it is sent.
    CHECK(gateway.memory.peak() < gateway.memory.most() + 40U * 100'000U);
    CHECK(testkit::wait_until([&] { return gateway.memory.used() == 0; }));
}

TEST_CASE(
    "A list above the memory budget is 503 with a code and Retry-After; small answers are still served") {
    Gateway gateway;
    gateway.add_job(1);
    const auto others = gateway.memory.take(gateway.memory.most() - 1'000'000);
    REQUIRE(others);
    const auto large = gateway.get("/api/jobs?limit=1000");
    CHECK(large.status == 503);
    CHECK(large.body.at("code") == "answers_too_large");
    CHECK(large.raw.header("Retry-After"));
    CHECK(gateway.get("/api/jobs?limit=20").status == 200);
    CHECK(gateway.get("/api/jobs/" + id_of(1)).status == 200);
    CHECK(gateway.send("POST", "/api/jobs/query", R"({"limit":1000})").status == 503);
    CHECK(gateway.get("/api/nodes?limit=1000").status == 503);
}
