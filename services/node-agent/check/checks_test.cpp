#include "services/node-agent/check/checks.hpp"

#include <catch2/catch.hpp>
#include <filesystem>
#include <functional>

#include "contracts/node_reputation.hpp"
#include "services/node-agent/executor/docker/docker_check.hpp"
#include "simulator/scripted_chain.hpp"
#include "testkit/process.hpp"

using namespace lamda;
using namespace lamda::agent;

namespace {

/// Answers every request by a function.
class FakeHttp final : public net::Transport {
  public:
    std::function<net::HttpResponse(const net::HttpRequest&)> answer;
    net::HttpResponse send(const net::HttpRequest& request) override { return answer(request); }
    std::unique_ptr<net::Exchanges> exchanges() override { throw std::logic_error("not used here"); }
};

std::vector<CheckResult> results(const std::vector<Finding>& findings) {
    std::vector<CheckResult> out;
    for (const auto& finding : findings) {
        out.push_back(finding.result);
    }
    return out;
}

}  // namespace

TEST_CASE("check of a durable: present, absent, refused, no JetStream") {
    CHECK(judge_durable("JOBS", R"({"type":"x","num_pending":3})") ==
          Finding{"NATS JOBS", CheckResult::kOk, "3 messages wait", ""});
    CHECK(judge_durable("JOBS", R"({"error":{"code":404,"description":"consumer not found"}})").result ==
          CheckResult::kWarning);
    CHECK(judge_durable("JOBS", R"({"error":{"code":503,"description":"down"}})").detail ==
          "JetStream refuses: down");
    CHECK(judge_durable("JOBS", "hello").result == CheckResult::kFailed);
}

TEST_CASE("check of the clock: the median of the servers counts") {
    const auto judged = [](std::initializer_list<int> seconds) {
        std::vector<Millis> ahead;
        for (const int one : seconds) {
            ahead.push_back(std::chrono::seconds(one));
        }
        return judge_clock(ahead);
    };
    CHECK(judged({0, 0, 9'999}) == Finding{"clock", CheckResult::kOk, "agrees with 3 servers", ""});
    CHECK(judged({60}).result == CheckResult::kWarning);
    CHECK(judged({60}).detail == "60 s behind 1 servers");
    CHECK(judged({-601, -601}).result == CheckResult::kFailed);
    CHECK(judged({-601}).detail == "600 s ahead of 1 servers");
}

TEST_CASE("check of the clock reads the header Date of servers that answer") {
    const FakeClock clock(parse_rfc3339("2026-11-30T10:00:00Z").value());
    FakeHttp http;
    http.answer = [](const net::HttpRequest& request) -> net::HttpResponse {
        if (request.url == "http://down") {
            throw net::TransportError(net::TransportError::Kind::kConnect, "down");
        }
        return {
            405, {{"Date", request.url == "http://odd" ? "yesterday" : "Mon, 30 Nov 2026 10:10:00 GMT"}}, ""};
    };
    CHECK(check_clock(http, {"http://down", "http://odd"}, clock).at(0).result == CheckResult::kWarning);
    CHECK(check_clock(http, {"http://down", "http://good"}, clock).at(0).detail == "600 s behind 1 servers");
}

TEST_CASE("check of GPUs") {
    CHECK(judge_gpus({}, {}).at(0).detail == "none found; at most 0 for a job");
    const auto found = judge_gpus({{{"Tesla T4", 15'360, "GPU-1", "535.1"}}, "NVML", ""}, {}).at(0);
    CHECK(found.detail == "Tesla T4, driver 535.1, by NVML; at most 1 for a job");
    const auto broken = judge_gpus({{}, "NVML", "NVML does not start: Unknown Error"}, {}).at(0);
    CHECK(broken.result == CheckResult::kWarning);
    CHECK(broken.detail == "NVML does not start: Unknown Error; the engine decides");
}

TEST_CASE("check of the disk: writes with fsync and leaves nothing; a missing folder is no failure") {
    const testkit::TempDir dir("agent-check");
    const auto finding = check_disk(dir.path()).at(0);
    CHECK(finding.detail.ends_with(" MiB free in " + dir.path() + ", fsync works"));
    CHECK(std::filesystem::is_empty(dir.path()));
    CHECK(check_disk(dir.path() + "/absent").at(0).result == CheckResult::kWarning);
    CHECK_THROWS(check_disk("/proc/self"));
}

TEST_CASE("check of stores: a store that is down fails, a gateway without the block is a warning") {
    const testkit::TempDir dir("agent-check");
    FakeHttp http;
    http.answer = [](const net::HttpRequest& request) -> net::HttpResponse {
        if (request.url.starts_with("http://gateway/ipfs/")) {
            return {504, {}, ""};
        }
        if (request.url.starts_with("http://slow/")) {
            throw net::TransportError(net::TransportError::Kind::kTimeout, "late");
        }
        throw net::TransportError(net::TransportError::Kind::kConnect, "down");
    };
    const auto findings = check_stores(http, "http://store", {"http://gateway", "http://slow", "http://down"},
                                       "/proc/self/comm");
    CHECK(results(findings) == std::vector{CheckResult::kFailed, CheckResult::kWarning, CheckResult::kWarning,
                                           CheckResult::kFailed});
    http.answer = [](const net::HttpRequest&) { return net::HttpResponse{200, {}, ""}; };
    CHECK(results(check_stores(http, "http://store", {"http://gateway"}, "/nowhere")) ==
          std::vector{CheckResult::kFailed, CheckResult::kOk});
}

TEST_CASE("check of an endpoint: its chain, the contract's code, the age of its newest block") {
    const FakeClock clock(parse_rfc3339("2026-11-30T10:00:00Z").value());
    simulator::ScriptedChain chain(1, clock);
    chain.mine();
    const Address contract = Address::parse("0x00000000000000000000000000000000000000aa").value();
    chain.set_code(contract, BlockNum{0});
    const ChainNeeds needs{"BSC", "BSC_RPC_URL", ChainId{97}, "JobManager", contract};
    const auto head = from_unix_seconds(chain.at(chain.height()).timestamp);
    const auto good = check_endpoint(chain, needs, head + std::chrono::seconds(3)).at(0);
    CHECK(good.result == CheckResult::kOk);
    CHECK(good.detail == "chain 97, JobManager deployed, block 1 is 3 s old");
    CHECK(check_endpoint(chain, needs, head + std::chrono::minutes(5)).at(0).result == CheckResult::kWarning);
    auto other = needs;
    other.contract = Address();
    CHECK(check_endpoint(chain, other, head).at(0).result == CheckResult::kFailed);
    other = needs;
    other.chain = ChainId{56};
    CHECK(check_endpoint(chain, other, head).at(0).detail == "chain 97, not 56");
}

TEST_CASE(
    "check of a balance: an empty wallet fails if the agent sends transactions, a small one is a warning") {
    const FakeClock clock(parse_rfc3339("2026-11-30T10:00:00Z").value());
    simulator::ScriptedChain chain(1, clock);
    const auto result = [&](const U256& wealth, bool sends) {
        chain.wealth = wealth;
        return check_balance(chain, "BSC", Address(), sends).at(0).result;
    };
    CHECK(result(0, false) == CheckResult::kOk);
    CHECK(result(0, true) == CheckResult::kFailed);
    CHECK(result(1, true) == CheckResult::kWarning);
    CHECK(result(U256(1) << 60U, true) == CheckResult::kOk);
}

TEST_CASE("check of the registration") {
    contracts::node_reputation::GetProviderInfoResult result;
    CHECK(judge_registration(result.encode(), false).result == CheckResult::kFailed);
    CHECK(judge_registration(result.encode(), true).result == CheckResult::kWarning);
    result.info.is_registered = true;
    result.info.gpu_model = "Tesla T4";
    CHECK(judge_registration(result.encode(), false) ==
          Finding{"registration", CheckResult::kOk, "registered with GPU model \"Tesla T4\"", ""});
    CHECK(judge_registration({}, true).result == CheckResult::kFailed);
}

TEST_CASE("check of an engine: limits, image store and runtime as the engine reports them") {
    const std::string version = R"({"Version":"29.0.1","ApiVersion":"1.52"})";
    const std::string good = R"({"Driver":"overlayfs","MemoryLimit":true,"CpuCfsQuota":true,"PidsLimit":true,
        "DriverStatus":[["driver-type","io.containerd.snapshotter.v1"]],"Runtimes":{"runc":{},"runsc":{}}})";
    const auto all = judge_engine(version, good, "runsc");
    CHECK(results(all) == std::vector{CheckResult::kOk, CheckResult::kOk, CheckResult::kOk});
    CHECK(all[0].detail == "Docker 29.0.1, API 1.52, overlayfs, containerd image store");
    CHECK(all[1].detail == "memory, cpu, pids");
    const auto weak = judge_engine(
        version, R"({"MemoryLimit":true,"CpuCfsQuota":true,"PidsLimit":false,"DriverStatus":null})", "kata");
    CHECK(results(weak) == std::vector{CheckResult::kOk, CheckResult::kFailed, CheckResult::kFailed});
    CHECK(weak[1].detail == "the engine cannot limit pids");
}

TEST_CASE("podman is recognized behind its Docker-compatible socket; an engine without root is a warning") {
    // Reports of Debian 12's podman, shortened.
    const std::string version =
        R"({"Components":[{"Name":"Podman Engine","Version":"4.3.1"},{"Name":"Conmon","Version":"conmon version 2.1.6"}],
            "Version":"4.3.1","ApiVersion":"1.41"})";
    const std::string info = R"({"Driver":"overlay","DriverStatus":[],"MemoryLimit":true,"CpuCfsQuota":true,
        "PidsLimit":true,"Runtimes":{"crun":{"path":"/usr/bin/crun"}}})";
    const auto podman = judge_engine(version, info, "");
    CHECK(results(podman) == std::vector{CheckResult::kOk, CheckResult::kOk});
    CHECK(podman[0].detail == "Podman 4.3.1 by its Docker-compatible API 1.41, overlay");
    CHECK(describe_engine(R"({"Version":"29.0.1","ApiVersion":"1.52","Components":[{"Name":"Engine"}]})") ==
          "Docker 29.0.1, API 1.52");
    const auto rootless = judge_engine(
        version, R"({"MemoryLimit":true,"SecurityOptions":["name=seccomp,profile=default","name=rootless"]})",
        "");
    REQUIRE(rootless.size() == 3);
    CHECK(rootless[2].result == CheckResult::kWarning);
}
