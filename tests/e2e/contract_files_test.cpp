// Compares all traffic of a real market with the specifications in proto/, using the official parsers in
// Node.js.
#include <fstream>

#include "e2e/scenario.hpp"

using namespace lamda;
using namespace lamda::e2e;

TEST_CASE("Every answer and every message of a market fits openapi.yaml, asyncapi.yaml and its schema") {
    Scenario s("e2e_contract_files");
    s.start_services();
    testkit::TempDir scratch("contract_files");
    auto env = s.network().settings();
    env["LAMDA"] = testkit::binary_dir() + "/bin/lamda";
    env["RENTER"] = s.network().renter().address().hex();
    env["PROVIDER"] = s.network().providers().front().hex();
    const auto log_file = scratch.path() + "/judge.log";
    testkit::Process judge(
        {{"node", testkit::source_dir() + "/tests/e2e/contract_files/judge.mjs", scratch.path()},
         env,
         testkit::source_dir(),
         log_file,
         false});
    const auto output = [&] {
        std::ifstream in(log_file);
        return std::string{std::istreambuf_iterator<char>(in), {}};
    };
    REQUIRE(testkit::wait_until(
        [&] { return output().find("listening") != std::string::npos || !judge.running(); },
        Millis(120'000)));
    s.network().register_provider(0);
    s.start({"node-agent-1"});
    const auto status = judge.wait(Millis(400'000));
    INFO(output());
    REQUIRE(status);
    CHECK(*status == 0);
}
