// Tests of a job's spec and attempts on a real PostgreSQL, with the gateway's role.
#include <catch2/catch.hpp>

#include "services/api-gateway/testing/documented_api.hpp"
#include "wire/job_spec.hpp"

using namespace lamda;
using namespace lamda::gateway;

namespace {

wire::JobSpec spec() {
    wire::JobSpec out;
    out.chain_id = ChainId{97};
    out.job_manager = config().job_manager;
    out.renter = kRenter;
    out.provider = kProvider;
    out.min_payment = U256(1);
    out.docker_image = "lamda/busybox:1.35";
    return out;
}

/// Stores the bytes as the dispatcher does. Returns their id.
JobId store_spec(Gateway& gateway, const std::string& bytes) {
    return gateway.database.transact([&](store::Txn& txn) {
        return txn.one("SELECT api.put_spec($1::bytea) AS id", {as_bytes(bytes)}).get<JobId>("id");
    });
}

void add_entry(Gateway& gateway, unsigned job, const std::string& kind, std::optional<int> attempt,
               std::optional<int> seq, const json& body = json::object(),
               std::optional<std::string> refused = {}) {
    gateway.database.transact([&](store::Txn& txn) {
        txn.exec(
            "INSERT INTO dispatch.job_event (job_id, kind, body, attempt, seq, at, refused_reason) "
            "VALUES ($1::bytea, $2, $3::jsonb, $4, $5, '2026-11-20T10:00:00Z', $6)",
            {bytes_of(job), kind, body.dump(), attempt, seq, refused});
    });
}

void add_assignment(Gateway& gateway, unsigned job, int attempt, const std::string& state) {
    gateway.database.transact([&](store::Txn& txn) {
        txn.exec(
            "INSERT INTO dispatch.assignment (job_id, attempt, provider, state, created_at, due_at) "
            "VALUES ($1, $2, $3, $4, '2026-11-20T10:00:00Z', CASE WHEN $4 = 'waiting' THEN "
            "'2026-11-20T10:05:00Z'::timestamptz END)",
            {bytes_of(job), attempt, kProvider, state});
    });
}

std::string code_of(const Answer& answer) {
    return answer.body.value("code", "");
}

}  // namespace

TEST_CASE("a job's spec is served byte for byte as stored, before and after its payment") {
    Gateway gateway;
    const auto canonical = wire::canonical_json(spec());
    const auto id = store_spec(gateway, canonical);
    const auto path = "/api/jobs/" + id.hex() + "/spec";
    const auto submitted = gateway.get(path);
    REQUIRE(submitted.status == 200);
    CHECK(submitted.raw.body == canonical);
    CHECK(keys_of(submitted.body).contains("minPayment"));

    gateway.add_job(1);
    gateway.database.transact([&](store::Txn& txn) {
        txn.exec("UPDATE dispatch.job SET id = $1::bytea WHERE id = $2::bytea", {id, bytes_of(1)});
    });
    CHECK(gateway.get(path).raw.body == canonical);
    CHECK(gateway.send("HEAD", path).status == 200);
}

TEST_CASE("a job whose id is no digest shows the spec that its renter attached") {
    Gateway gateway;
    gateway.add_job(1);
    const auto path = "/api/jobs/" + id_of(1) + "/spec";
    CHECK(gateway.get(path).status == 404);
    CHECK(code_of(gateway.get(path)) == "no_spec");
    const auto canonical = wire::canonical_json(spec());
    const auto id = store_spec(gateway, canonical);
    gateway.database.transact([&](store::Txn& txn) {
        txn.exec(
            "INSERT INTO dispatch.attached_spec (job_id, spec_id, spec_cid, signature) VALUES ($1, $2, $3, "
            "'0x')",
            {bytes_of(1), id, wire::spec_cid(id).to_string()});
    });
    CHECK(gateway.get(path).raw.body == canonical);
}

TEST_CASE("spec: unknown jobs, wrong ids and stored bytes that are no spec are refused") {
    Gateway gateway;
    CHECK(code_of(gateway.get("/api/jobs/" + id_of(9) + "/spec")) == "not_found");
    CHECK(gateway.get("/api/jobs/9/spec").body["errors"][0]["pointer"] == "{id}");
    const auto id = store_spec(gateway, "<script>alert(1)</script>");
    const auto answer = gateway.get("/api/jobs/" + id.hex() + "/spec");
    CHECK(answer.status == 404);
    CHECK(code_of(answer) == "no_spec");
    CHECK(answer.raw.body.find("script") == std::string::npos);
}

TEST_CASE("a job's attempts: oldest first, each with its state, its end and the agent's codes") {
    Gateway gateway;
    gateway.add_job(1);
    const auto path = "/api/jobs/" + id_of(1) + "/attempts";
    CHECK(gateway.get(path).body == json({{"items", json::array()}, {"next_cursor", nullptr}}));
    add_entry(gateway, 1, "assignable", {}, {}, {{"next_attempt", 1}});
    add_entry(gateway, 1, "provider_draining", {}, {}, {{"error_message", "drains"}});
    add_entry(gateway, 1, "running", 1, 1);
    add_entry(gateway, 1, "retry", 1, 2,
              {{"next_attempt", 2},
               {"error_message", "start_failed: no such command"},
               {"error_code", "start_failed"},
               {"exit_code", 127}});
    add_entry(gateway, 1, "completed", 1, 3, {{"output_file_cid", "bafy"}}, "superseded by attempt 2");
    add_entry(gateway, 2, "set_cancelled", {}, {});
    add_assignment(gateway, 1, 1, "void");
    add_assignment(gateway, 1, 2, "waiting");

    const auto found = gateway.get(path);
    INFO(found.body.dump(1));
    REQUIRE(found.status == 200);
    const Documented documented;
    CHECK(keys_of(found.body) == documented.properties.at("JobAttemptList"));
    const auto& items = found.body["items"];
    REQUIRE(items.size() == 2);
    CHECK(keys_of(items[0]) == documented.properties.at("JobAttempt"));
    CHECK(items[0]["attempt"] == 1);
    CHECK(items[0]["state"] == "failed");
    CHECK(items[0]["error_code"] == "start_failed");
    CHECK(items[0]["exit_code"] == 127);
    CHECK(items[0]["reason"] == "start_failed: no such command");
    CHECK(items[0]["output_file_cid"].is_null());
    CHECK(items[1]["state"] == "waiting");
    CHECK(items[1]["due_at"] == "2026-11-20T10:05:00.000Z");

    const auto events = gateway.get("/api/jobs/" + id_of(1) + "/events").body["items"];
    CHECK(events[3]["error_code"] == "start_failed");
    CHECK(events[3]["exit_code"] == 127);
}

TEST_CASE("attempts: a submitted job has none, an unknown one is 404, memory is bounded") {
    Gateway gateway;
    const auto id = store_spec(gateway, wire::canonical_json(spec()));
    CHECK(gateway.get("/api/jobs/" + id.hex() + "/attempts").body["items"].empty());
    CHECK(code_of(gateway.get("/api/jobs/" + id_of(9) + "/attempts")) == "not_found");
    CHECK(gateway.get("/api/jobs/x/attempts").status == 400);
    // An answer is counted until its last byte is sent, which is after the client has read it.
    REQUIRE(testkit::wait_until([&] { return gateway.memory.used() == 0; }));
    const auto others = gateway.memory.take(gateway.memory.most());
    REQUIRE(others);
    const auto refused = gateway.get("/api/jobs/" + id.hex() + "/attempts");
    CHECK(refused.status == 503);
    CHECK(code_of(refused) == "answers_too_large");
}
