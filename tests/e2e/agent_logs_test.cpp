// Output of a job, from its container through agent, bus and dispatcher to the gateway.
#include <fstream>

#include "e2e/scenario.hpp"
#include "testkit/patience.hpp"

using namespace lamda;
using namespace lamda::e2e;

namespace {

/// True once the process was killed; it remains a zombie of this one.
bool has_ended(pid_t pid) {
    std::string word;
    std::string state;
    std::ifstream stat("/proc/" + std::to_string(pid) + "/stat");
    stat >> word >> word >> state;
    return state.empty() || state == "Z";
}

}  // namespace

TEST_CASE("The output of a job is complete over REST, each line once, although its agent is killed") {
    Scenario s("e2e_agent_logs");
    s.network().register_provider(0);
    s.start_services();
    constexpr int kLines = 60;
    const std::string agent = "node-agent-1";
    s.network().start_service(agent, {{"LAMDA_CRASH_AT", "agent.logs.published"}});
    const auto job = s.market().order(
        0, {.command = "i=0; while [ $i -lt 60 ]; do i=$((i+1)); echo out $i; echo err $i >&2; usleep 50000; "
                       "done; tr a-z A-Z < /input > /output/result"});
    for (const auto* next : {"agent.logs.recorded", "agent.logs.published", ""}) {
        REQUIRE(
            testkit::wait_until([&] { return has_ended(s.network().pid_of(agent)); }, testkit::kCallTimeout));
        s.network().kill_service(agent);
        s.network().start_service(agent, {{"LAMDA_CRASH_AT", next}});
    }
    s.wait_status(job.id, {"completed", "confirmed", "paid"}, Millis(120'000));

    std::map<std::string, std::string> wanted;
    for (int i = 1; i <= kLines; ++i) {
        wanted["stdout"] += "out " + std::to_string(i) + "\n";
        wanted["stderr"] += "err " + std::to_string(i) + "\n";
    }
    std::map<std::string, std::string> output;
    CHECK(testkit::wait_until([&] {
        output.clear();
        const auto answer = s.get("/api/jobs/" + job.id.hex() + "/logs?limit=1000");
        for (const auto& item : answer.body.value("items", json::array())) {
            output[item.at("stream").get<std::string>()] += item.at("data").get<std::string>();
        }
        return output["stdout"].size() >= wanted["stdout"].size() &&
               output["stderr"].size() >= wanted["stderr"].size();
    }));
    CHECK(output == wanted);
}
