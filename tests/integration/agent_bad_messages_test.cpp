// Assignments and retractions that no agent can use: each is dropped with its reason in log and metrics, and
// the jobs around it run.
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <sstream>

#include "integration/agent_fixture.hpp"
#include "wire/subjects.hpp"

using namespace lamda;
using namespace lamda::agent_test;
using nlohmann::json;
using wire::StatusKind;

namespace {

struct BadMessage {
    std::string scenario;
    std::string body;
    std::string reason;  ///< part of the log line
};

bool has_line(const std::string& log, const std::string& event, const std::string& reason) {
    std::istringstream lines(log);
    for (std::string line; std::getline(lines, line);) {
        if (line.find(event) != std::string::npos && line.find(reason) != std::string::npos) {
            return true;
        }
    }
    return false;
}

/// The assignment's message with a merge patch (RFC 7396) applied; a null removes a member.
std::string patched(const wire::Assignment& assignment, const char* patch) {
    json out = json::parse(wire::to_json(assignment));
    out.merge_patch(json::parse(patch));
    return out.dump();
}

}  // namespace

TEST_CASE("malformed and foreign assignments are dropped with their reason, and the jobs around them run") {
    Scenario scenario;
    scenario.start();
    scenario.wait_ready();
    const auto job = scenario.job("true");
    auto foreign = scenario.job("true");
    foreign.provider = Servers::get().owner->address();
    const auto with = [&](const char* patch) { return patched(scenario.job("true"), patch); };
    const std::string digits(400, '9');
    const std::vector<BadMessage> cases{
        {"no JSON", "{not json", "not JSON"},
        {"no bytes", "", "not JSON"},
        {"an array", "[]", "an object is needed"},
        {"nested without end", std::string(100'000, '['), "levels"},
        {"another version", R"({"v":2})", "/v"},
        {"for another provider, on this agent's subject", wire::to_json(foreign), "for another provider"},
        {"10^9 CPUs", with(R"({"requirements":{"cpuMillis":1000000000000}})"), "/requirements/cpuMillis"},
        {"a negative number of CPUs", with(R"({"requirements":{"cpuMillis":-1}})"),
         "/requirements/cpuMillis"},
        {"memory of 2^32 + 64 MiB", with(R"({"requirements":{"memoryMib":4294967360}})"),
         "/requirements/memoryMib"},
        {"a disk of 2^64 + 1 MiB", with(R"({"requirements":{"diskMib":18446744073709551617}})"),
         "/requirements/diskMib"},
        {"half a GPU", with(R"({"requirements":{"gpuCount":0.5}})"), "/requirements/gpuCount"},
        {"a time limit as text", with(R"({"requirements":{"timeLimitSeconds":"60"}})"),
         "/requirements/timeLimitSeconds"},
        {"no requirements", with(R"({"requirements":null})"), "/requirements"},
        {"attempt 0", with(R"({"attempt":0})"), "/attempt"},
        {"attempt 2^32", with(R"({"attempt":4294967296})"), "/attempt"},
        {"a payment above 256 bits", with(("{\"payment\":\"" + digits + "\"}").c_str()), "/payment"},
        {"a payment below zero", with(R"({"payment":"-1"})"), "/payment"},
        {"a job id in capitals", with(("{\"jobId\":\"0x" + std::string(64, 'A') + "\"}").c_str()), "/jobId"},
        {"a job id that climbs out", with(R"({"jobId":"0x../../../../etc/passwd"})"), "/jobId"},
        {"a malformed CID", with(R"({"inputFileCID":"not-a-cid"})"), "/inputFileCID"},
        {"a CID of another hash (sha2-512)",
         with(
             R"({"inputFileCID":"bafkrgqhhyivzstcz3hhswshfjgy6ertgmnqeleynhwt4dlfsthi4hn7zgh4uvlsb5xncykzapi3ocd4lzogukir6ksdy6wzrnz6ohnv4aglcs"})"),
         "/inputFileCID"},
        {"a CID with a path",
         with(R"({"inputFileCID":"bafkreigwugueqefro4k2mljnaebmjqt3wmk3bh6t3g7y3yi4tsh3z56pku/../x"})"),
         "/inputFileCID"},
        {"257 arguments",
         with(("{\"command\":" + json(std::vector<std::string>(257, "x")).dump() + "}").c_str()), "/command"},
        {"an argument with U+0000", with(R"({"command":["a\u0000b"]})"), "/command/0"},
        {"a variable that is no name", with(R"({"env":{"LD PRELOAD":"x"}})"), "/env/LD PRELOAD"},
        {"a variable that is no text", with(R"({"env":{"A":1}})"), "/env/A"}};
    const auto dispatch = wire::dispatch_subject(scenario.provider());
    scenario.publish_raw(wire::retract_subject(scenario.provider()), "[]");
    scenario.publish_raw(wire::retract_subject(scenario.provider()), R"({"v":1,"jobId":"0x..","attempt":1})");
    for (const auto& one : cases) {
        scenario.publish_raw(dispatch, one.body);
    }
    scenario.assign(job);
    scenario.wait_status(job, StatusKind::kCompleted);

    CHECK(testkit::wait_until([&] {
        return scenario.metric(R"(lamda_agent_assignments_total{decision="malformed"})") ==
               static_cast<double>(cases.size());
    }));
    for (const auto& one : cases) {
        INFO(one.scenario);
        CHECK(
            testkit::wait_until([&] { return has_line(scenario.log(), "assignment rejected", one.reason); }));
    }
    CHECK(testkit::wait_until([&] { return has_line(scenario.log(), "retraction rejected", "/jobId"); }));
    CHECK(has_line(scenario.log(), "retraction rejected", "an object is needed"));
    CHECK(scenario.statuses(foreign).empty());
    CHECK(scenario.metric(R"(lamda_agent_assignments_total{decision="accept"})") == 1);
}
