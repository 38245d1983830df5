// The provider decides what its agent runs: policy.
#include <catch2/catch.hpp>

#include "integration/agent_fixture.hpp"

using namespace lamda;
using namespace lamda::agent_test;
using Env = Scenario::Env;
using wire::StatusKind;

namespace {

/// A job that pays `payment` wei for one CPU over 60 s.
wire::Assignment paid(Scenario& scenario, const std::string& shell, std::uint64_t payment) {
    auto job = scenario.job(shell);
    job.requirements.cpu_millis = 1'000;
    job.requirements.time_limit_seconds = 60;
    job.renter = Address::parse("0x15d34aaf54267db7d7c367839aaf71a00a2c6a65").value();
    job.payment = U256(payment);
    return job;
}

}  // namespace

TEST_CASE("jobs outside of the policy are refused at once, with the reason, and others run") {
    Scenario scenario(Env{{"AGENT_PRICE_CPU_SECOND", "1000000000"},
                          {"AGENT_MAX_TIME", "1h"},
                          {"AGENT_NETWORK", "false"},
                          {"AGENT_IMAGES_ALLOWED", "docker.io/lamda/busybox:*"},
                          {"AGENT_RENTERS_DENIED", "0x00000000000000000000000000000000000000aa"}});
    scenario.start();
    const auto refused = [&](const wire::Assignment& job) {
        scenario.assign(job);
        const auto status = scenario.wait_status(job, StatusKind::kFailed);
        CHECK(status.error_code == wire::ErrorCode::kRefused);
        return status.error_message.value();
    };
    CHECK(refused(paid(scenario, "true", 59'999'999'999)) ==
          "payment: the job pays 59999999999 wei, this provider requires at least 60000000000 wei for the "
          "requirements over 60 s");
    auto unstated = paid(scenario, "true", 0);
    unstated.payment.reset();
    CHECK(refused(unstated).find("does not state the payment") != std::string::npos);
    auto slow = paid(scenario, "true", 1'000'000'000'000'000);
    slow.requirements.time_limit_seconds = 3'601;
    CHECK(refused(slow) == "timeLimitSeconds: the job requests 3601 s, this provider allows 3600 s");
    auto online = paid(scenario, "true", 60'000'000'000);
    online.requirements.network = true;
    CHECK(refused(online) == "network: this provider runs no jobs with a network");
    auto image = paid(scenario, "true", 60'000'000'000);
    image.docker_image = "lamda/volume:1";
    CHECK(refused(image) == "dockerImage: this provider does not allow the image");
    auto renter = paid(scenario, "true", 60'000'000'000);
    renter.renter = Address::parse("0x00000000000000000000000000000000000000aa").value();
    CHECK(refused(renter) ==
          "renter: this provider runs no jobs of 0x00000000000000000000000000000000000000aa");
    const auto fits = paid(scenario, "true", 60'000'000'000);
    scenario.assign(fits);
    scenario.wait_status(fits, StatusKind::kCompleted);
}
