// The provider decides what its agent runs: policy, order, resources, probe, drain.
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <nlohmann/json.hpp>

#include "integration/agent_fixture.hpp"
#include "wire/provider_notice.hpp"
#include "wire/subjects.hpp"

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

constexpr auto kUntilGo = "while [ ! -e /output/go ]; do sleep 0.1; done";

void go(Scenario& scenario, const wire::Assignment& job) {
    std::ofstream(scenario.output_dir(job) + "/go") << "";
}

/// CPUs of the machine, as the engine sees them.
std::uint32_t cpu_millis() {
    const auto info = nlohmann::json::parse(Servers::get().engine("GET", "/info").body);
    return info.at("NCPU").get<std::uint32_t>() * 1'000;
}

/// The newest heartbeat of a provider and its newest notice, both verified.
class Heartbeats {
  public:
    explicit Heartbeats(const Scenario& scenario)
        : subscription_(
              Servers::get().bus.subscribe(wire::heartbeat_subject(scenario.provider()), "",
                                           [this](const bus::Message& message) { take(message); })) {}
    bool wait(const std::function<bool(const wire::Heartbeat&, const wire::ProviderNotice&)>& wanted) {
        return testkit::wait_until([&] {
            const std::lock_guard lock(mutex_);
            return newest_ && notice_ && wanted(*newest_, *notice_);
        });
    }

  private:
    void take(const bus::Message& message) {
        const auto domain = wire::market_domain(ChainId{97}, Servers::get().job_manager);
        const auto heartbeat = wire::parse_heartbeat(message.body);
        if (!heartbeat || !wire::verify_heartbeat(*heartbeat, domain)) {
            return;
        }
        const std::lock_guard lock(mutex_);
        newest_ = *heartbeat;
        if (heartbeat->notice && wire::verify_notice(*heartbeat, domain)) {
            notice_ = wire::parse_notice(heartbeat->notice->text).value();
        }
    }

    std::mutex mutex_;
    std::optional<wire::Heartbeat> newest_;
    std::optional<wire::ProviderNotice> notice_;
    bus::Subscription subscription_;
};

}  // namespace

TEST_CASE("jobs outside of the policy are refused at once, with the reason, while the only slot is busy") {
    Scenario scenario(Env{{"AGENT_PRICE_CPU_SECOND", "1000000000"},
                          {"AGENT_MAX_TIME", "1h"},
                          {"AGENT_NETWORK", "false"},
                          {"AGENT_IMAGES_ALLOWED", "docker.io/lamda/busybox:*"},
                          {"AGENT_RENTERS_DENIED", "0x00000000000000000000000000000000000000aa"}});
    scenario.start();
    const auto long_one = paid(scenario, kUntilGo, 60'000'000'000);
    scenario.assign(long_one);
    scenario.wait_status(long_one, StatusKind::kRunning);

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
    go(scenario, long_one);
    scenario.wait_status(long_one, StatusKind::kCompleted);
}

TEST_CASE("a dear job behind a thousand cheap ones runs next") {
    Scenario scenario;
    scenario.start();
    const auto first = paid(scenario, kUntilGo, 1);
    scenario.assign(first);
    scenario.wait_status(first, StatusKind::kRunning);
    std::vector<bus::Outgoing> cheap;
    for (int i = 0; i < 1'000; ++i) {
        const auto job = paid(scenario, kUntilGo, 1);
        cheap.push_back({wire::dispatch_subject(scenario.provider()),
                         wire::dispatch_message_id(job.job_id, job.attempt), wire::to_json(job)});
    }
    REQUIRE(Servers::get().bus.publish_durable(cheap, testkit::kCallTimeout).stored ==
            std::vector<bool>(cheap.size(), true));
    const auto dear = paid(scenario, kUntilGo, 2);
    scenario.assign(dear);
    // The cheap ones that the window had no place for were delivered and returned.
    const auto durable = wire::durable_of(scenario.provider());
    REQUIRE(
        testkit::wait_until([&] { return Servers::get().bus.undelivered(wire::kJobsStream, durable) == 0; }));
    go(scenario, first);
    scenario.wait_status(dear, StatusKind::kRunning);
    CHECK(scenario.log().find("\"decision\":\"accept\"") != std::string::npos);
    std::size_t accepted = 0;
    const auto log = scenario.log();
    for (std::size_t at = 0; (at = log.find("\"decision\":\"accept\"", at)) != std::string::npos; ++at) {
        ++accepted;
    }
    CHECK(accepted == 2);  // the first and the dear one
}

TEST_CASE(
    "what runs together stays within the machine: a larger job waits on the bus, a smaller one overtakes "
    "it") {
    const auto cpus = cpu_millis();
    Scenario scenario(Env{{"AGENT_CAPACITY", "4"}});
    Heartbeats heartbeats(scenario);
    scenario.start();
    auto large = scenario.job(kUntilGo);
    large.requirements.cpu_millis = cpus - 500;
    scenario.assign(large);
    scenario.wait_status(large, StatusKind::kRunning);
    CHECK(heartbeats.wait([&](const auto& beat, const auto& notice) {
        return beat.running == 1 && notice.offered && notice.offered->cpu_millis == cpus &&
               notice.free->cpu_millis == 500;
    }));
    auto next = scenario.job("true");
    next.requirements.cpu_millis = 501;
    scenario.assign(next);
    // Without a free slot the dispatcher's accept timeout does not advance.
    CHECK(heartbeats.wait(
        [](const auto& beat, const auto&) { return beat.running == 4 && beat.capacity == 4; }));
    auto small = scenario.job("true");
    small.requirements.cpu_millis = 500;
    scenario.assign(small);
    scenario.wait_status(small, StatusKind::kCompleted);
    CHECK(scenario.statuses(next).empty());
    go(scenario, large);
    scenario.wait_status(next, StatusKind::kCompleted);
}

TEST_CASE("a draining agent finishes what it has, takes nothing new, and announces it") {
    Scenario scenario(Env{{"AGENT_CAPACITY", "2"}});
    Heartbeats heartbeats(scenario);
    scenario.start();
    const auto job = scenario.job(kUntilGo);
    scenario.assign(job);
    scenario.wait_status(job, StatusKind::kRunning);
    const auto file = scenario.state_dir() + "/drain";
    std::ofstream(file) << "";
    CHECK(heartbeats.wait([](const auto& beat, const auto& notice) {
        return beat.capacity == 0 && beat.running == 1 && notice.draining;
    }));
    const auto late = scenario.job("true");
    scenario.assign(late);
    go(scenario, job);
    scenario.wait_status(job, StatusKind::kCompleted);
    CHECK(heartbeats.wait([](const auto& beat, const auto&) { return beat.running == 0; }));
    CHECK(scenario.statuses(late).empty());
    std::filesystem::remove(file);
    scenario.wait_status(late, StatusKind::kCompleted);
    CHECK(heartbeats.wait(
        [](const auto& beat, const auto& notice) { return beat.capacity == 2 && !notice.draining; }));
}

TEST_CASE("a probe takes, refuses and defers jobs, while another one is retracted") {
    const auto dir = Servers::get().dir.path() + "/probe-" + random_id();
    std::filesystem::create_directories(dir);
    std::ofstream(dir + "/probe.sh") << "cat > " + dir +
                                            "/asked\n"
                                            "if grep -q '\"payment\":\"1\"' " +
                                            dir +
                                            "/asked; then echo too little; exit 1; fi\n"
                                            "if grep -q '\"payment\":\"2\"' " +
                                            dir + "/asked; then touch " + dir + "/later; sleep 600; fi\n";
    Scenario scenario(Env{{"AGENT_PROBE", "/bin/sh " + dir + "/probe.sh"},
                          {"AGENT_PROBE_TIMEOUT", "20s"},
                          {"AGENT_CAPACITY", "2"}});
    Heartbeats heartbeats(scenario);
    scenario.start();
    const auto poor = paid(scenario, "true", 1);
    scenario.assign(poor);
    const auto refused = scenario.wait_status(poor, StatusKind::kFailed);
    CHECK(refused.error_code == wire::ErrorCode::kRefused);
    CHECK(refused.error_message == "too little");
    const auto fits = paid(scenario, kUntilGo, 3);
    scenario.assign(fits);
    scenario.wait_status(fits, StatusKind::kRunning);

    const auto slow = paid(scenario, "true", 2);
    scenario.assign(slow);
    REQUIRE(testkit::wait_until([&] { return std::filesystem::exists(dir + "/later"); }));
    scenario.retract(fits, 1);
    CHECK(testkit::wait_until([&] { return !scenario.container_runs(fits); }));
    CHECK(heartbeats.wait([](const auto& beat, const auto&) { return beat.running == beat.capacity; }));
    CHECK(scenario.statuses(slow).empty());
    CHECK(scenario.log().find("assignment deferred by the probe") != std::string::npos);
}
