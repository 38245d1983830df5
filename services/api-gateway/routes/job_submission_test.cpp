// Tests of POST /api/jobs on a real PostgreSQL, over a socket.
#include <catch2/catch.hpp>
#include <fstream>
#include <set>

#include "contracts/job_manager.hpp"
#include "services/api-gateway/testing/documented_api.hpp"
#include "wire/job_spec.hpp"
#include "wire/provider_notice.hpp"

using namespace lamda;
using namespace lamda::gateway;

TEST_CASE("submission: the spec is stored by its digest, and the transaction commits to it") {
    Gateway gateway;
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
    CHECK(pointers_of(all.body) ==
          std::set<std::string>{"/payment_amount", "/spec/colour", "/spec/command/0", "/spec/dockerImage"});
    const auto half = gateway.send("POST", "/api/jobs", json({{"spec", faulty}, {"tip", 1}}).dump());
    CHECK(pointers_of(half.body) == std::set<std::string>{"/payment_amount", "/tip", "/spec/colour",
                                                          "/spec/command/0", "/spec/dockerImage"});
    const auto attached = gateway.send("PUT", "/api/jobs/" + id_of(1) + "/spec",
                                       json({{"spec", {{"colour", 1}}}, {"signature", "0x"}}).dump());
    CHECK(pointers_of(attached.body).contains("/spec/colour"));
    CHECK(pointers_of(attached.body).contains("/spec/renter"));
    CHECK(pointers_of(attached.body).contains("/signature"));
    CHECK(gateway.get("/api/nodes/0x90F79bf6EB2c4f870365E785982E1f101E93b960").body["errors"][0]["pointer"] ==
          "{address}");
    CHECK(gateway.get("/api/nodes?wallet_address=0x90F79bf6EB2c4f870365E785982E1f101E93b960").status == 400);
}

TEST_CASE("a spec with sealed secrets is stored as sent, with the client's salt, or refused") {
    Gateway gateway;
    gateway.add_node(kProvider);
    std::ifstream in(testkit::source_dir() + "/tests/data/sealed_secrets.json");
    const auto vectors = json::parse(in);
    const auto spec = json::parse(vectors["spec"].get<std::string>());
    const auto submit = [&](const json& sent) {
        return gateway.send("POST", "/api/jobs",
                            json({{"spec", sent}, {"payment_amount", spec["minPayment"]}}).dump(),
                            {{"Idempotency-Key", "secrets"}});
    };
    const auto made = submit(spec);
    INFO(made.body.dump());
    REQUIRE(made.status == 201);
    CHECK(made.body["spec"] == spec);
    CHECK(made.body["id"] == vectors["jobId"]);
    CHECK(submit(spec).body == made.body);
    auto without_salt = spec;
    without_salt.erase("salt");
    const auto refused = submit(without_salt);
    CHECK(refused.status == 400);
    CHECK(pointers_of(refused.body) == std::set<std::string>{"/spec/secrets"});
    CHECK(refused.body["errors"][0]["code"] == "not_complete");
    const auto attached = gateway.send("PUT", "/api/jobs/" + id_of(1) + "/spec",
                                       json({{"spec", spec}, {"signature", "0x"}}).dump());
    CHECK(pointers_of(attached.body).contains("/spec/secrets"));
}

TEST_CASE("what the provider's published policy refuses is refused before the payment, with pointers") {
    Gateway gateway;
    gateway.add_node(kProvider);
    const auto publish = [&](const wire::ProviderNotice& notice) {
        gateway.database.transact([&](store::Txn& txn) {
            txn.exec(
                "INSERT INTO registry.presence AS p (provider, last_heartbeat_at, agent_version, capacity, "
                "running, notice) "
                "VALUES ($1::bytea, now(), 'test', 1, 0, $2::jsonb) ON CONFLICT (provider) DO UPDATE SET "
                "notice = excluded.notice",
                {kProvider, wire::to_json(notice)});
        });
    };
    const json spec = {{"renter", kRenter.hex()},
                       {"provider", kProvider.hex()},
                       {"dockerImage", "ghcr.io/acme/tool:1"},
                       {"requirements", {{"network", true}, {"timeLimitSeconds", 60}, {"cpuMillis", 1'000}}}};
    const auto submit = [&](const char* payment) {
        return gateway.send("POST", "/api/jobs", json({{"spec", spec}, {"payment_amount", payment}}).dump());
    };
    CHECK(submit("599").status == 201);
    CHECK(gateway.get("/api/nodes/" + kProvider.hex()).body["policy"].is_null());

    wire::ProviderNotice notice;
    notice.policy.emplace();
    notice.policy->price.cpu_second = 10;
    notice.policy->max_time_seconds = 59;
    notice.policy->most.cpu_millis = 999;
    notice.policy->network = false;
    notice.policy->renters_denied = {kRenter};
    notice.policy->images = {"docker.io/*"};
    notice.draining = true;
    publish(notice);
    const auto node = gateway.get("/api/nodes/" + kProvider.hex()).body;
    CHECK(node["policy"]["price"]["cpuSecond"] == "10");
    CHECK(node["draining"] == true);
    const auto refused = submit("599");
    CHECK(refused.status == 422);
    CHECK(refused.body["code"] == "refused_by_policy");
    CHECK(pointers_of(refused.body) == std::set<std::string>{"/payment_amount", "/spec/dockerImage",
                                                             "/spec/renter", "/spec/requirements/cpuMillis",
                                                             "/spec/requirements/network",
                                                             "/spec/requirements/timeLimitSeconds"});
    notice.policy.emplace().price.cpu_second = 10;
    publish(notice);
    CHECK(pointers_of(submit("599").body) == std::set<std::string>{"/payment_amount"});
    CHECK(submit("600").status == 201);
    notice.policy.reset();
    publish(notice);
    CHECK(submit("599").status == 201);

    INFO("a repetition with the same Idempotency-Key gets the first answer, whatever changed since");
    const auto keyed = [&](const char* payment, const char* key) {
        return gateway.send("POST", "/api/jobs", json({{"spec", spec}, {"payment_amount", payment}}).dump(),
                            {{"Idempotency-Key", key}});
    };
    const auto first = keyed("599", "before");
    REQUIRE(first.status == 201);
    notice.policy.emplace().price.cpu_second = 10;
    publish(notice);
    const auto repeated = keyed("599", "before");
    CHECK(repeated.status == 200);
    CHECK(repeated.body == first.body);
    CHECK(keyed("598", "before").body["code"] == "key_reused");
    gateway.database.transact(
        [](store::Txn& txn) { txn.exec("UPDATE registry.node SET is_registered = false"); });
    CHECK(keyed("599", "before").body == first.body);
    CHECK(keyed("599", "after").status == 400);
    gateway.database.transact(
        [](store::Txn& txn) { txn.exec("UPDATE registry.node SET is_registered = true"); });
    // A refusal binds no key: the corrected request may use it.
    CHECK(keyed("599", "after").body["code"] == "refused_by_policy");
    CHECK(keyed("600", "after").status == 201);
}

TEST_CASE("a submitted job is served at its Location before it is in a block") {
    Gateway gateway;
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

TEST_CASE("a submission with an Idempotency-Key takes effect once, and the key is bound to the body") {
    Gateway gateway;
    gateway.add_node(kProvider);
    const json spec = {{"renter", kRenter.hex()}, {"provider", kProvider.hex()}, {"dockerImage", "i"}};
    const auto submit = [&](const std::string& payment, const std::string& key) {
        return gateway.send("POST", "/api/jobs", json({{"spec", spec}, {"payment_amount", payment}}).dump(),
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
    const auto separate =
        gateway.send("POST", "/api/jobs", json({{"spec", other_renter}, {"payment_amount", "1000"}}).dump(),
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
