// Tests of PUT /api/jobs/{id}/status on a real PostgreSQL and NATS, over a socket.
#include <atomic>
#include <catch2/catch.hpp>
#include <mutex>
#include <set>

#include "services/api-gateway/access/token_guard.hpp"
#include "services/api-gateway/testing/documented_api.hpp"
#include "wire/command_proof.hpp"
#include "wire/messages.hpp"
#include "wire/subjects.hpp"

using namespace lamda;
using namespace lamda::gateway;

TEST_CASE("updates: operator only, allowed values only, decided by the dispatcher") {
    Gateway gateway;
    gateway.add_job(1);
    const std::string path = "/api/jobs/" + id_of(1) + "/status";
    const net::Headers token = {{"Authorization", "Bearer operator-token"}};
    CHECK(gateway.send("PUT", path, R"({"status":"cancelled"})").status == 401);
    CHECK(gateway.send("PUT", path, R"({"status":"cancelled"})", {{"Authorization", "Bearer operator-tokem"}})
              .status == 401);
    CHECK(gateway.send("PUT", path, R"({"status":"paid"})", token).body["errors"][0]["pointer"] == "/status");
    // No subscriber on jobs.command yet.
    const auto all = gateway.send("PUT", path, R"({"status":1,"error_message":[],"why":""})", token);
    CHECK(all.status == 400);
    CHECK(pointers_of(all.body) == std::set<std::string>{"/status", "/error_message", "/why"});
    CHECK(gateway.send("PUT", path, R"({"status":"cancelled"})", token).status == 503);
    std::mutex ids_mutex;
    std::vector<std::string> ids;
    std::atomic<bool> accepting{true};
    std::atomic<bool> proving{true};
    auto dispatcher =
        gateway.bus.subscribe(wire::kJobsCommand, "dispatcher", [&](const bus::Message& message) {
            const auto command = wire::parse_command(message.body);
            const std::lock_guard lock(ids_mutex);
            const bool proven =
                command && wire::verify_command(*command, "operator-token", SystemClock().now());
            ids.push_back(proven ? command->request_id : "not proven");
            const std::string answer =
                accepting ? R"({"v":1})" : R"({"status":409,"code":"illegal_transition","detail":"no"})";
            gateway.bus.respond(message,
                                proving ? wire::prove_answer(answer, *command, "operator-token") : answer);
        });
    auto keyed = token;
    keyed.emplace_back("Idempotency-Key", "key-1");
    REQUIRE(testkit::wait_until(
        [&] { return gateway.send("PUT", path, R"({"status":"cancelled"})", keyed).status == 200; }));
    // The scheme is case-insensitive (RFC 9110, section 11.1), the token is not.
    for (const char* scheme : {"bearer ", "BEARER ", "Bearer  "}) {
        CHECK(gateway
                  .send("PUT", path, R"({"status":"cancelled"})",
                        {{"Authorization", scheme + std::string("operator-token")},
                         {"Idempotency-Key", "key-1"}})
                  .status == 200);
    }
    CHECK(gateway.send("PUT", path, R"({"status":"cancelled"})", {{"Authorization", "Bearer OPERATOR-TOKEN"}})
              .status == 401);
    {
        const std::lock_guard lock(ids_mutex);
        CHECK(std::set<std::string>(ids.begin(), ids.end()).size() == 1);
    }
    // Another command with the same key has the same id: the dispatcher compares the commands, and
    // refuses.
    CHECK(gateway.send("PUT", path, R"({"status":"failed"})", keyed).status == 200);
    gateway.add_job(2);
    CHECK(gateway.send("PUT", "/api/jobs/" + id_of(2) + "/status", R"({"status":"failed"})", keyed).status ==
          200);
    {
        const std::lock_guard lock(ids_mutex);
        CHECK(std::set<std::string>(ids.begin(), ids.end()).size() == 1);
    }
    accepting = false;
    const auto refused = gateway.send("PUT", path, R"({"status":"failed"})", token);
    CHECK(refused.status == 409);
    CHECK(refused.body["code"] == "illegal_transition");
    {
        INFO("an answer of another client on the bus is refused");
        proving = false;
        const auto forged = gateway.send("PUT", path, R"({"status":"failed"})", token);
        CHECK(forged.status == 503);
        CHECK(forged.body["code"] == "answer_not_proven");
        proving = true;
    }
    INFO("a client that guesses tokens has to wait; others do not");
    net::Headers guess = {{"Authorization", "Bearer guess"}, {"X-Forwarded-For", "192.0.2.9"}};
    for (int i = 0; i < TokenGuard::kFreeTries; ++i) {
        CHECK(gateway.send("PUT", path, R"({"status":"failed"})", guess).status == 401);
    }
    guess.front().second = "Bearer operator-token";
    const auto paused = gateway.send("PUT", path, R"({"status":"failed"})", guess);
    CHECK(paused.status == 429);
    CHECK(paused.body["code"] == "too_many_wrong_tokens");
    CHECK(paused.raw.header("Retry-After"));
    CHECK(gateway.send("PUT", path, R"({"status":"failed"})", token).status == 409);
    gateway.settings.operator_token = runtime::Secret();
    CHECK(gateway.send("PUT", path, R"({"status":"cancelled"})", token).status == 403);
}
