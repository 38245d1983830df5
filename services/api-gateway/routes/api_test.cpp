// Tests of the gateway's routes on a real PostgreSQL and NATS, over a socket.
#include <algorithm>
#include <atomic>
#include <catch2/catch.hpp>
#include <fstream>
#include <mutex>
#include <set>

#include "contracts/job_manager.hpp"
#include "services/api-gateway/access/token_guard.hpp"
#include "services/api-gateway/testing/gateway_scene.hpp"
#include "wire/command_proof.hpp"
#include "wire/job_spec.hpp"
#include "wire/messages.hpp"
#include "wire/subjects.hpp"

using namespace lamda;
using namespace lamda::gateway;

namespace {

/// Gets all pages; returns the ids in order.
std::vector<std::string> all_ids(Gateway& gateway, const std::string& path, const std::string& key) {
    std::vector<std::string> out;
    std::string cursor;
    do {
        const auto page = gateway.get(path + (cursor.empty() ? "" : "&cursor=" + cursor));
        REQUIRE(page.status == 200);
        for (const auto& item : page.body["items"]) {
            out.push_back(item[key]);
        }
        cursor = page.body["next_cursor"].is_null() ? "" : page.body["next_cursor"].get<std::string>();
    } while (!cursor.empty());
    return out;
}

/// Routes and schema properties of openapi.yaml, read by its indentation.
struct Documented {
    std::set<std::pair<std::string, std::string>> routes;
    std::map<std::string, std::set<std::string>> properties;

    Documented() {
        std::ifstream file(testkit::source_dir() + "/proto/openapi.yaml");
        std::string section;
        std::string name;
        bool in_properties = false;
        for (std::string line; std::getline(file, line);) {
            const std::size_t indent = line.find_first_not_of(' ');
            if (indent == std::string::npos) {
                continue;
            }
            const std::string key = line.substr(indent, line.find(':', indent) - indent);
            if (indent == 0 || (indent == 2 && section != "paths")) {
                section = key;
            } else if (indent == (section == "paths" ? 2U : 4U)) {
                name = key;
                in_properties = false;
            } else if (section == "paths" && indent == 4) {
                std::string method = key;
                std::transform(method.begin(), method.end(), method.begin(),
                               [](char c) { return static_cast<char>(c - 32); });
                routes.emplace(method, name);
            } else if (section == "schemas" && indent == 6) {
                in_properties = key == "properties";
            } else if (section == "schemas" && indent == 8 && in_properties) {
                properties[name].insert(key);
            }
        }
    }
};

/// Returns the pointers of a problem document's errors.
std::set<std::string> pointers_of(const json& problem) {
    std::set<std::string> out;
    for (const auto& error : problem.value("errors", json::array())) {
        out.insert(error["pointer"].get<std::string>());
    }
    return out;
}

std::set<std::string> keys_of(const json& object) {
    std::set<std::string> out;
    for (const auto& member : object.items()) {
        out.insert(member.key());
    }
    return out;
}

}  // namespace

TEST_CASE("The gateway's routes, end to end on real servers") {
    Gateway gateway;

    SECTION("lists: pages by cursor neither skip nor repeat items; filters are typed") {
        for (unsigned n = 1; n <= 20; ++n) {
            gateway.add_job(n, n % 2 == 0 ? "assigned" : "paid");
            gateway.add_node(n, "81920");
        }
        const auto jobs = all_ids(gateway, "/api/jobs?limit=3", "id");
        CHECK(jobs.size() == 20);
        CHECK(std::set<std::string>(jobs.begin(), jobs.end()).size() == 20);
        CHECK(jobs.front() == id_of(20));
        const auto nodes = all_ids(gateway, "/api/nodes?limit=7", "wallet_address");
        CHECK(std::set<std::string>(nodes.begin(), nodes.end()).size() == 20);
        CHECK(gateway.get("/api/jobs?status=paid").body["items"].size() == 10);
        CHECK(gateway.get("/api/jobs?renter_address=" + kRenter.hex()).body["items"].size() == 20);
        CHECK(gateway.get("/api/jobs?renter_address=" + kProvider.hex()).body["items"].empty());
        CHECK(gateway.send("POST", "/api/nodes/query", R"({"min_vram":81921})").body["items"].empty());
        CHECK(gateway.send("POST", "/api/nodes/query", R"({"min_vram":"81920","limit":5})")
                  .body["items"]
                  .size() == 5);
    }

    SECTION("objects: addresses in EIP-55, wei as decimal strings, unknown ids 404, bad ones 400") {
        gateway.add_job(1);
        gateway.add_node(7, "115792089237316195423570985008687907853269984665640564039457584007913129639935");
        const auto job = gateway.get("/api/jobs/" + id_of(1));
        INFO(job.body.dump());
        CHECK(job.status == 200);
        CHECK(job.body["renter_address"] == "0x15d34AAf54267DB7D7c367839AAf71A00a2C6A65");
        CHECK(job.body["payment_amount"] == "340282366920938463463374607431768211456");
        CHECK(job.body["docker_image"].is_null());
        Address seven;
        seven.array()[19] = 7;
        const auto node = gateway.get("/api/nodes/" + seven.hex());
        CHECK(node.body["reputation_score"] == 3);
        CHECK(node.body["vram"] ==
              "115792089237316195423570985008687907853269984665640564039457584007913129639935");
        CHECK(gateway.get("/api/reputation/" + seven.hex()).body["pending"] == 0);
        CHECK(gateway.get("/api/reputation/" + seven.hex() + "/jobs").body["total_jobs_completed"] == 3);
        CHECK(gateway.get("/api/jobs/" + id_of(9)).status == 404);
        CHECK(gateway.get("/api/nodes/" + kRenter.hex()).status == 404);
        CHECK(gateway.get("/api/nodes/0x12").body["errors"][0]["pointer"] == "{address}");
        CHECK(gateway.get("/api/jobs/1").body["errors"][0]["pointer"] == "{id}");
    }

    SECTION("submission: the spec is stored by its digest, and the transaction commits to it") {
        const json spec = {
            {"renter", kRenter.hex()}, {"provider", kProvider.hex()}, {"dockerImage", "lamda/busybox:1.35"}};
        gateway.add_node(kProvider);
        const auto made =
            gateway.send("POST", "/api/jobs", json({{"spec", spec}, {"payment_amount", "1000"}}).dump());
        INFO(made.body.dump());
        REQUIRE(made.status == 201);
        const auto id = wire::job_id_of_canonical(wire::canonicalize_json(made.body["spec"].dump()).value());
        CHECK(made.body["id"] == id.hex());
        CHECK(made.body["spec"]["minPayment"] == "1000");
        CHECK(made.body["transaction"]["chainId"] == "0x61");
        CHECK(made.body["transaction"]["value"] == "0x3e8");
        const auto call = contracts::job_manager::CreateJob::decode(
                              from_hex(made.body["transaction"]["data"].get<std::string>()).value())
                              .value();
        CHECK(call.job_id == id.as<Bytes32>());
        CHECK(call.provider_address == kProvider);
        const json again = {{"spec", made.body["spec"]}, {"payment_amount", "1000"}};
        CHECK(gateway.send("POST", "/api/jobs", again.dump()).status == 200);

        const auto pointer = [&](const json& body) {
            const auto answer = gateway.send("POST", "/api/jobs", body.dump());
            INFO(answer.body.dump());
            CHECK(answer.status == 400);
            return answer.body["errors"][0]["pointer"].get<std::string>();
        };
        CHECK(pointer({{"spec", {{"renter", "0x12"}}}, {"payment_amount", "-1"}}) == "/payment_amount");
        CHECK(pointer({{"spec", spec}, {"payment_amount", "1"}, {"tip", 1}}) == "/tip");
        CHECK(pointer({{"spec", spec}}) == "/payment_amount");
        auto wrong = spec;
        wrong["colour"] = "red";
        CHECK(pointer({{"spec", wrong}, {"payment_amount", "1"}}) == "/spec/colour");
        CHECK(pointer({{"spec", made.body["spec"]}, {"payment_amount", "999"}}) == "/payment_amount");
        auto large = spec;
        large["env"] = {{"A", std::string(70'000, 'x')}};
        CHECK(pointer({{"spec", large}, {"payment_amount", "1"}}) == "/spec");
        CHECK(pointer({{"spec", spec}, {"payment_amount", "0"}}) == "/payment_amount");
        CHECK(pointer({{"spec", spec}, {"payment_amount", 1}}) == "/payment_amount");
        auto unknown = spec;
        unknown["provider"] = kRenter.hex();
        CHECK(pointer({{"spec", unknown}, {"payment_amount", "1"}}) == "/spec/provider");
        unknown["provider"] = "0x90F79bf6EB2c4f870365E785982E1f101E93b960";
        CHECK(pointer({{"spec", unknown}, {"payment_amount", "1"}}) == "/spec/provider");
        auto faulty = spec;
        faulty["dockerImage"] = "busy box";
        faulty["command"] = {std::string(1, '\0')};
        faulty["colour"] = 1;
        const auto all =
            gateway.send("POST", "/api/jobs", json({{"spec", faulty}, {"payment_amount", "0"}}).dump());
        CHECK(pointers_of(all.body) == std::set<std::string>{"/payment_amount", "/spec/colour",
                                                             "/spec/command/0", "/spec/dockerImage"});
        const auto half = gateway.send("POST", "/api/jobs", json({{"spec", faulty}, {"tip", 1}}).dump());
        CHECK(pointers_of(half.body) == std::set<std::string>{"/payment_amount", "/tip", "/spec/colour",
                                                              "/spec/command/0", "/spec/dockerImage"});
        const auto attached = gateway.send("PUT", "/api/jobs/" + id_of(1) + "/spec",
                                           json({{"spec", {{"colour", 1}}}, {"signature", "0x"}}).dump());
        CHECK(pointers_of(attached.body).contains("/spec/colour"));
        CHECK(pointers_of(attached.body).contains("/spec/renter"));
        CHECK(pointers_of(attached.body).contains("/signature"));
        CHECK(gateway.get("/api/nodes/0x90F79bf6EB2c4f870365E785982E1f101E93b960")
                  .body["errors"][0]["pointer"] == "{address}");
        CHECK(gateway.get("/api/nodes?wallet_address=0x90F79bf6EB2c4f870365E785982E1f101E93b960").status ==
              400);
    }

    SECTION("a submitted job is served at its Location before it is in a block") {
        gateway.add_node(kProvider);
        const json spec = {{"renter", kRenter.hex()}, {"provider", kProvider.hex()}, {"dockerImage", "i"}};
        const auto made =
            gateway.send("POST", "/api/jobs", json({{"spec", spec}, {"payment_amount", "1000"}}).dump());
        INFO(made.body.dump());
        REQUIRE(made.status == 201);
        const std::string path = "/api/jobs/" + made.body["id"].get<std::string>();
        const auto job = gateway.get(path);
        INFO(job.body.dump());
        REQUIRE(job.status == 200);
        CHECK(job.body["status"] == "submitted");
        CHECK(job.body["id"] == made.body["id"]);
        CHECK(job.body["spec_cid"] == made.body["spec_cid"]);
        CHECK(job.body["payment_amount"] == "1000");
        CHECK(job.body["docker_image"] == "i");
        CHECK(job.body["chain_state"] == "absent");
        CHECK(job.body["transaction_hash"].is_null());
        gateway.add_job(1);
        CHECK(keys_of(job.body) == keys_of(gateway.get("/api/jobs/" + id_of(1)).body));
        CHECK(keys_of(job.body) == Documented().properties.at("SubmittedJob"));
        // Lists show only jobs in blocks, and the operator cannot cancel a job that does not exist.
        CHECK(gateway.get("/api/jobs").body["items"].size() == 1);
        CHECK(gateway
                  .send("PUT", path + "/status", R"({"status":"cancelled"})",
                        {{"Authorization", "Bearer operator-token"}})
                  .status == 404);
    }

    SECTION("a submission with an Idempotency-Key takes effect once, and the key is bound to the body") {
        gateway.add_node(kProvider);
        const json spec = {{"renter", kRenter.hex()}, {"provider", kProvider.hex()}, {"dockerImage", "i"}};
        const auto submit = [&](const std::string& payment, const std::string& key) {
            return gateway.send("POST", "/api/jobs",
                                json({{"spec", spec}, {"payment_amount", payment}}).dump(),
                                {{"Idempotency-Key", key}});
        };
        const auto first = submit("1000", "k");
        INFO(first.body.dump());
        REQUIRE(first.status == 201);
        const auto again = submit("1000", "k");
        CHECK(again.status == 200);
        CHECK(again.body == first.body);
        const auto other = submit("1001", "k");
        CHECK(other.status == 422);
        CHECK(other.body["code"] == "key_reused");
        CHECK(submit("1000", "l").body["id"] != first.body["id"]);
        // Keys are separate for each renter.
        json other_renter = spec;
        other_renter["renter"] = kProvider.hex();
        const auto separate = gateway.send("POST", "/api/jobs",
                                           json({{"spec", other_renter}, {"payment_amount", "1000"}}).dump(),
                                           {{"Idempotency-Key", "k"}});
        CHECK(separate.status == 201);
        CHECK(submit("1000", "k").body == first.body);
        CHECK(submit("1000", "").status == 400);
        CHECK(submit("1000", std::string(129, 'k')).status == 400);
        // A day later the key can be used again.
        gateway.database.transact([](store::Txn& txn) {
            txn.exec("UPDATE gateway.submission_key SET kept_until = now() - interval '1 second'");
        });
        CHECK(submit("1001", "k").status == 201);
    }

    SECTION("updates: operator only, allowed values only, decided by the dispatcher") {
        gateway.add_job(1);
        const std::string path = "/api/jobs/" + id_of(1) + "/status";
        const net::Headers token = {{"Authorization", "Bearer operator-token"}};
        CHECK(gateway.send("PUT", path, R"({"status":"cancelled"})").status == 401);
        CHECK(
            gateway
                .send("PUT", path, R"({"status":"cancelled"})", {{"Authorization", "Bearer operator-tokem"}})
                .status == 401);
        CHECK(gateway.send("PUT", path, R"({"status":"paid"})", token).body["errors"][0]["pointer"] ==
              "/status");
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
                gateway.bus.respond(
                    message, proving ? wire::prove_answer(answer, *command, "operator-token") : answer);
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
        CHECK(
            gateway
                .send("PUT", path, R"({"status":"cancelled"})", {{"Authorization", "Bearer OPERATOR-TOKEN"}})
                .status == 401);
        {
            const std::lock_guard lock(ids_mutex);
            CHECK(std::set<std::string>(ids.begin(), ids.end()).size() == 1);
        }
        // Another command with the same key has the same id: the dispatcher compares the commands, and
        // refuses.
        CHECK(gateway.send("PUT", path, R"({"status":"failed"})", keyed).status == 200);
        gateway.add_job(2);
        CHECK(gateway.send("PUT", "/api/jobs/" + id_of(2) + "/status", R"({"status":"failed"})", keyed)
                  .status == 200);
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

    SECTION("routes and fields of answers are those of openapi.yaml") {
        const Documented documented;
        const auto served = gateway.server.routes();
        CHECK(std::set<std::pair<std::string, std::string>>(served.begin(), served.end()) ==
              documented.routes);
        gateway.add_job(1);
        gateway.add_node(7, "1");
        Address seven;
        seven.array()[19] = 7;
        const json spec = {{"renter", kRenter.hex()}, {"provider", kProvider.hex()}, {"dockerImage", "i"}};
        const auto fields = [&](const std::string& schema) { return documented.properties.at(schema); };
        CHECK(keys_of(gateway.get("/api/jobs").body) == fields("JobList"));
        CHECK(keys_of(gateway.get("/api/jobs").body["items"][0]) == fields("Job"));
        CHECK(keys_of(gateway.get("/api/nodes").body) == fields("NodeList"));
        CHECK(keys_of(gateway.get("/api/nodes/" + seven.hex()).body) == fields("Node"));
        CHECK(keys_of(gateway.get("/api/reputation/" + seven.hex()).body) == fields("Reputation"));
        gateway.confirm_job(1);
        CHECK(keys_of(gateway.get("/api/reputation/" + kProvider.hex()).body["transactions"][0]) ==
              fields("ReputationTransaction"));
        CHECK(keys_of(gateway.get("/api/reputation/" + seven.hex() + "/jobs").body) ==
              fields("CompletedJobs"));
        CHECK(keys_of(gateway.get("/health").body) == fields("Health"));
        gateway.add_node(kProvider);
        CHECK(
            keys_of(gateway.send("POST", "/api/jobs", json({{"spec", spec}, {"payment_amount", "1"}}).dump())
                        .body) == fields("Submission"));
        CHECK(keys_of(gateway.get("/api/jobs/1").body) == fields("Problem"));
    }

    SECTION("without the database: 503 problems until it is back") {
        CHECK(gateway.get("/health").body["status"] == "ok");
        gateway.postgres.stop();
        CHECK(gateway.get("/api/jobs").status == 503);
        gateway.health.set("postgres", false);
        CHECK(gateway.get("/health").status == 503);
        gateway.postgres.start();
        CHECK(testkit::wait_until([&] { return gateway.get("/api/jobs").status == 200; }));
    }
}
