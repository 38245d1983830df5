// Sign-ins of every kind of wallet through a real gateway, by the clients that frontends use.
#include <fstream>

#include "e2e/scenario.hpp"

using namespace lamda;
using namespace lamda::e2e;

TEST_CASE("siwe, ethers and viem sign in by keys and contract wallets, and applications share the sign-in") {
    Scenario s("e2e_sign_in");
    s.start({"job-dispatcher", "api-gateway"});
    testkit::TempDir scratch("sign_in");
    auto env = s.network().settings();
    env["LAMDA"] = testkit::binary_dir() + "/bin/lamda";
    const auto log_file = scratch.path() + "/clients.log";
    testkit::Process clients({{"node", testkit::source_dir() + "/tests/e2e/sign_in/clients.mjs"},
                              env,
                              testkit::source_dir(),
                              log_file,
                              false});
    const auto status = clients.wait(Millis(300'000));
    std::ifstream in(log_file);
    INFO((std::string{std::istreambuf_iterator<char>(in), {}}));
    REQUIRE(status);
    CHECK(*status == 0);
}
