// Bad input: the answer names the fault and its place, and nothing changes.
#include "e2e/scenario.hpp"

using namespace lamda;
using namespace lamda::e2e;

namespace {

testkit::Finished check_config(const std::string& executable, const std::map<std::string, std::string>& env) {
    testkit::ProcessSpec spec;
    spec.argv = {Scenario::executable(executable), "--check-config"};
    spec.env = env;
    spec.cwd = testkit::binary_dir();
    return testkit::run(spec);
}

/// `confirmations` counts the blocks mined since: it increases during a test.
json without_confirmations(json job) {
    job.erase("confirmations");
    return job;
}

bool names(const json& problem, const std::string& pointer) {
    for (const auto& error : problem.value("errors", json::array())) {
        if (error.at("pointer") == pointer) {
            return true;
        }
    }
    return false;
}

}  // namespace

TEST_CASE("--check-config reports three faults at once, by name, and no key") {
    const std::string key = "0xzz0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80";
    const std::map<std::string, std::string> wrong = {
        {"DATABASE_URL", "postgres://lamda:hunter2@127.0.0.1/lamda"},
        {"NATS_URL", "nats://127.0.0.1:4222"},
        {"BSC_RPC_URL", "ftp://nowhere"},
        {"OPBNB_RPC_URL", "http://127.0.0.1:1"},
        {"JOB_MANAGER_CONTRACT_ADDRESS", "0x1234"},
        {"NODE_REPUTATION_CONTRACT_ADDRESS", "0x108f2c400C9828d8044a5F6985f0C9589B90758D"},
        {"LOG_LEVEL", "loud"},
        {"ADMIN_WALLET_PRIVATE_KEY", key},
    };
    SECTION("reputation") {
        const auto result = check_config("lamda-reputation", wrong);
        INFO(result.output);
        CHECK(result.status == 78);
        for (const char* name :
             {"BSC_RPC_URL", "JOB_MANAGER_CONTRACT_ADDRESS", "LOG_LEVEL", "ADMIN_WALLET_PRIVATE_KEY"}) {
            CHECK(result.output.find(name) != std::string::npos);
        }
        CHECK(result.output.find(key.substr(4)) == std::string::npos);
        CHECK(result.output.find("hunter2") == std::string::npos);
    }
    SECTION("dispatcher") {
        const auto result = check_config("lamda-job-dispatcher", wrong);
        INFO(result.output);
        CHECK(result.status == 78);
        for (const char* name : {"BSC_RPC_URL", "JOB_MANAGER_CONTRACT_ADDRESS", "LOG_LEVEL"}) {
            CHECK(result.output.find(name) != std::string::npos);
        }
        CHECK(result.output.find("hunter2") == std::string::npos);
    }
    SECTION("registry") {
        auto env = wrong;
        env["OPBNB_RPC_URL"] = "nonsense";
        env["NODE_REPUTATION_CONTRACT_ADDRESS"] = "me";
        const auto result = check_config("lamda-node-registry", env);
        INFO(result.output);
        CHECK(result.status == 78);
        for (const char* name : {"OPBNB_RPC_URL", "NODE_REPUTATION_CONTRACT_ADDRESS", "LOG_LEVEL"}) {
            CHECK(result.output.find(name) != std::string::npos);
        }
    }
    SECTION("gateway") {
        auto env = wrong;
        env["API_PORT"] = "99999";
        const auto result = check_config("lamda-api-gateway", env);
        INFO(result.output);
        CHECK(result.status == 78);
        for (const char* name : {"API_PORT", "JOB_MANAGER_CONTRACT_ADDRESS", "LOG_LEVEL"}) {
            CHECK(result.output.find(name) != std::string::npos);
        }
    }
    SECTION("agent") {
        auto env = wrong;
        env["AGENT_PRIVATE_KEY"] = key;
        const auto result = check_config("lamda-node-agent", env);
        INFO(result.output);
        CHECK(result.status == 78);
        for (const char* name : {"AGENT_PRIVATE_KEY", "BSC_RPC_URL", "LOG_LEVEL"}) {
            CHECK(result.output.find(name) != std::string::npos);
        }
        CHECK(result.output.find(key.substr(4)) == std::string::npos);
    }
}

TEST_CASE("Wrong requests get 4xx problem documents that name the field, and have no effect") {
    Scenario s("e2e_wrong_requests");
    s.network().register_provider(0);
    s.start_services();
    const auto job = s.market().order(0);
    s.wait_status(job.id, {"assigned"});
    const auto before = without_confirmations(s.job(job.id));
    const std::vector<std::pair<std::string, std::string>> operators = {
        {"Authorization", "Bearer devnet-operator"}};
    const std::string job_path = "/api/jobs/" + job.id.hex();

    const auto expect = [&](const Answer& answer, int status, const std::string& pointer) {
        INFO(answer.body.dump());
        CHECK(answer.status == status);
        CHECK(answer.content_type.starts_with("application/problem+json"));
        CHECK_FALSE(answer.body.value("code", "").empty());
        if (!pointer.empty()) {
            CHECK(names(answer.body, pointer));
        }
    };
    expect(s.get("/api/nodes/0x1234"), 400, "{address}");
    expect(s.get("/api/jobs/nonsense"), 400, "{id}");
    expect(s.get("/api/jobs/" + JobId().hex()), 404, "");
    expect(s.get("/api/nodes/" + Address().hex()), 404, "");
    expect(s.get("/api/jobs?limit=0"), 400, "?limit");
    expect(s.get("/api/jobs?colour=red"), 400, "?colour");
    expect(s.get("/api/jobs?cursor=garbage"), 400, "?cursor");
    expect(s.get("/api/nothing"), 404, "");
    expect(s.send("DELETE", job_path, ""), 405, "");
    expect(s.send("POST", "/api/jobs/query", "{not json"), 400, "");
    expect(s.send("POST", "/api/jobs/query", R"({"colour":"red"})"), 400, "/colour");
    expect(s.send("POST", "/api/jobs",
                  R"({"spec":{"renter":"0x12","provider":"0x90f79bf6eb2c4f870365e785982e1f101e93b906",)"
                  R"("dockerImage":"x"},"payment_amount":"1"})"),
           400, "/spec/renter");
    expect(s.send("POST", "/api/jobs", R"({"spec":{},"payment_amount":"-1"})"), 400, "/payment_amount");
    expect(s.send("POST", "/api/jobs", std::string(3U << 20, ' ')), 413, "");
    expect(s.send("PUT", job_path + "/status", R"({"status":"cancelled"})"), 401, "");
    expect(s.send("PUT", job_path + "/status", R"({"status":"paid"})", operators), 400, "/status");
    CHECK(without_confirmations(s.job(job.id)) == before);
    CHECK(s.get("/api/jobs").body.at("items").size() == 1);

    SECTION("an illegal transition is refused: a cancelled job stays cancelled") {
        CHECK(s.send("PUT", job_path + "/status",
                     R"({"status":"cancelled","error_message":"no longer wanted"})", operators)
                  .status == 200);
        s.wait_status(job.id, {"cancelled"});
        expect(s.send("PUT", job_path + "/status", R"({"status":"failed"})", operators), 409, "");
        CHECK(s.job(job.id).at("status") == "cancelled");
    }
}
