// A renter cancels a job whose container runs: by `lamda job cancel`, to the end of the container.
#include "e2e/scenario.hpp"
#include "testkit/patience.hpp"

using namespace lamda;
using namespace lamda::e2e;

namespace {

/// Names of the engine's running containers.
std::set<std::string> running_containers(Scenario& s) {
    constexpr std::string_view kScheme = "unix://";
    net::HttpRequest request;
    request.unix_socket = s.network().docker().host().substr(kScheme.size());
    request.url = "http://docker/containers/json";
    request.timeout = testkit::kCallTimeout;
    const auto answer = s.network().http().send(request);
    REQUIRE(answer.status == 200);
    const auto list = json::parse(answer.body);
    std::set<std::string> out;
    for (const auto& container : list) {
        out.insert(container.at("Names").at(0).get<std::string>().substr(1));
    }
    return out;
}

}  // namespace

TEST_CASE(
    "a renter cancels a running job: its container is stopped, and the answer says where the payment is") {
    Scenario s("e2e_cancel");
    s.network().register_provider(0);
    s.start_services();
    s.start({"node-agent-1"});
    const auto job = s.market().order(0, {.command = "sleep 3000"});
    s.wait_status(job.id, {"running"});
    const std::string container = "lamda-" + job.id.hex() + "-1";
    REQUIRE(running_containers(s).contains(container));

    const auto stranger =
        s.lamda({"job", "cancel", job.id.hex()}, {{"WALLET_PRIVATE_KEY", testkit::dev_key(9)}});
    INFO(stranger.output);
    CHECK(stranger.status == 1);
    CHECK(stranger.output.find("403") != std::string::npos);
    CHECK(s.job(job.id).at("status") == "running");

    const auto cancelled = s.lamda({"--json", "job", "cancel", job.id.hex()});
    INFO(cancelled.output);
    REQUIRE(cancelled.status == 0);
    const auto answer = json::parse(cancelled.output);
    CHECK(answer.at("status") == "cancelled");
    CHECK(answer.at("reason") == "cancelled by its renter");
    CHECK(answer.at("escrow").at("code") == "held_no_refund");
    CHECK(s.job(job.id).at("status") == "cancelled");
    CHECK(testkit::wait_until([&] { return !running_containers(s).contains(container); }));

    // As the answer says: the contract still holds the payment, and knows of no end.
    const auto on_chain = s.lamda({"--json", "job", "show", job.id.hex(), "--chain-only"});
    REQUIRE(on_chain.status == 0);
    CHECK(json::parse(on_chain.output).at("chain_state") == "created");
    CHECK(json::parse(on_chain.output).at("paid").is_null());

    const auto again = s.lamda({"--json", "job", "cancel", job.id.hex(), "--operator"});
    INFO(again.output);
    REQUIRE(again.status == 0);
    CHECK(json::parse(again.output) == answer);

    // The agent takes the next job.
    const auto next = s.market().order(0);
    s.wait_status(next.id, {"completed", "confirmed", "paid"});
    const auto late = s.lamda({"job", "cancel", next.id.hex()});
    INFO(late.output);
    CHECK(late.status == 1);
    CHECK(late.output.find("409") != std::string::npos);
    CHECK(s.job(job.id).at("status") == "cancelled");
}
