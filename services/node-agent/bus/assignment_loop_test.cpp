// Assignments that the agent holds or returns, with a real bus.
#include "services/node-agent/bus/assignment_loop.hpp"

#include <catch2/catch.hpp>
#include <set>
#include <thread>

#include "bus/testing/until_answered.hpp"
#include "net/http_client.hpp"
#include "services/node-agent/testing/agent_scene.hpp"
#include "testkit/memory_dir.hpp"
#include "testkit/patience.hpp"
#include "testkit/servers.hpp"
#include "wire/subjects.hpp"

using namespace lamda;
using namespace lamda::agent;
using namespace lamda::agent::test;
using bus::testing::until_answered;
using testkit::wait_until;

namespace {

/// An agent on a machine of 2 CPUs, whose job 1 is active.
struct Scene {
    explicit Scene(std::size_t capacity) : terms{identity, provider, address(0x11), capacity, {}} {
        REQUIRE(wait_until([&] { return client.connected(); }));
        bus::StreamSpec spec;
        spec.name = wire::kJobsStream;
        spec.subjects = {"jobs.dispatch.>"};
        until_answered([&] { client.ensure_stream(spec); });
        until_answered(
            [&] { client.ensure_durable(spec.name, wire::durable_of(provider), "", Millis(600'000)); });
        resources.learn({0, 2, 0});
        journal.update(job_id(1), [&](JobRecord& record) { enter(record, needs(1, 2'000), clock.now()); });
    }

    static wire::Assignment needs(std::uint8_t job, std::uint32_t cpu_millis) {
        auto out = assignment(job, 1);
        out.requirements.cpu_millis = cpu_millis;
        return out;
    }
    void send(std::uint8_t first, std::uint8_t last, std::uint32_t cpu_millis) {
        std::vector<bus::Outgoing> messages;
        for (auto job = first; job <= last; ++job) {
            messages.push_back({wire::dispatch_subject(provider), std::to_string(job),
                                wire::to_json(needs(job, cpu_millis))});
        }
        until_answered([&] {
            const auto published = client.publish_durable(messages, testkit::kCallTimeout);
            REQUIRE(published.reason.empty());
        });
    }
    /// Number of messages that are not acknowledged.
    std::uint64_t pending() {
        return until_answered([&] { return client.durables(wire::kJobsStream); }).at(0).pending;
    }

    testkit::TempDir dir{"agent-assignments"};
    testkit::NatsServer nats{dir.path() + "/nats"};
    FakeClock clock{start_of_time()};
    telemetry::Metrics metrics;
    telemetry::Health health;
    net::HttpClient http;
    const Address provider = address(0xAA);
    std::unique_ptr<crypto::LocalSigner> signer =
        crypto::LocalSigner::from_hex("ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80")
            .value();
    BscIdentity identity{ChainId{97}, dir.path() + "/chain"};
    testkit::MemoryDir memory;  // the journal writes each of very many records durably
    Journal journal{memory.path + "/journal", clock, telemetry::Log::none()};
    StatusWriter statuses{*signer, address(0x11), clock};
    AgentTerms terms;
    RetrySchedule retries{{}, clock};
    DuplicateAgentDetector duplicates{provider, "self", 0, clock, telemetry::Log::none(), health};
    SettingsWatch settings{clock, telemetry::Log::none(), health};
    OfferedResources resources{{}, 1};
    DrainSwitch drain{false, dir.path() + "/drain"};
    HeldBack held_back{clock};
    JobProbe probe{{}, http};
    bus::Bus client{nats.url(), "test", telemetry::Log::none()};
    AssignmentLoop loop{client,
                        journal,
                        statuses,
                        terms,
                        {retries, duplicates, settings, resources, drain, held_back, probe},
                        {clock, telemetry::Log::none(), metrics, health}};
};

}  // namespace

TEST_CASE("a held assignment that is retracted is acknowledged, and keeps no room") {
    Scene scene(2);
    scene.send(2, 2, 1'000);
    const std::jthread runs([&](const std::stop_token& stop) { scene.loop.run(stop); });
    REQUIRE(wait_until([&] { return scene.held_back.any(); }));  // the active job has both CPUs
    CHECK(scene.pending() == 1);
    scene.journal.update(job_id(2), [&](JobRecord& record) {
        enter(record, wire::Retraction{job_id(2), 1, wire::RetractReason::kCancelled});
    });
    CHECK(wait_until([&] { return scene.pending() == 0; }));
    CHECK(wait_until([&] { return !scene.held_back.any(); }));
}

TEST_CASE("while an assignment that found no place waits on the bus, the agent reports no free slot") {
    Scene scene(1);
    const auto window = static_cast<std::uint8_t>(window_size(1));
    const std::jthread runs([&](const std::stop_token& stop) { scene.loop.run(stop); });
    scene.send(2, static_cast<std::uint8_t>(window + 1), 1'000);
    CHECK(wait_until([&] { return scene.pending() == window; }));
    CHECK_FALSE(scene.held_back.any());  // all are held
    scene.send(static_cast<std::uint8_t>(window + 2), static_cast<std::uint8_t>(window + 2), 1'000);
    REQUIRE(wait_until([&] { return scene.held_back.any(); }));
    scene.clock.advance(return_delay(1) + Millis(5'000));
    CHECK_FALSE(scene.held_back.any());
}

TEST_CASE("a flood of refused jobs leaves a bounded number of records, and the bus gets an answer to each") {
    Scene scene(1);
    const std::jthread runs([&](const std::stop_token& stop) { scene.loop.run(stop); });
    constexpr unsigned kFlood = 1'300;
    for (unsigned batch = 0; batch < kFlood / 100; ++batch) {
        std::vector<bus::Outgoing> messages;
        for (unsigned n = 0; n < 100; ++n) {
            auto refused = Scene::needs(0, 256'000);  // more than the machine has
            refused.job_id.array()[0] = static_cast<std::uint8_t>(batch);
            refused.job_id.array()[1] = static_cast<std::uint8_t>(n);
            messages.push_back({wire::dispatch_subject(scene.provider), random_id(), wire::to_json(refused)});
        }
        until_answered(
            [&] { REQUIRE(scene.client.publish_durable(messages, testkit::kCallTimeout).reason.empty()); });
    }
    const auto refused = [](const JobRecord& record) {
        return !record.attempts.empty() && record.attempts.begin()->second.refused();
    };
    std::set<JobId> answered;
    // As the publisher does once the bus has stored a status. Without it, refusals stay on the bus.
    CHECK(wait_until([&] {
        for (const auto& job : scene.journal.select_jobs(refused)) {
            answered.insert(job);
            scene.journal.update(job,
                                 [](JobRecord& record) { record.attempts.begin()->second.outbox.clear(); });
        }
        return answered.size() == kFlood && scene.pending() == 0;
    }));
    CHECK(scene.journal.select_jobs(refused).size() <= 1'200);
    CHECK(scene.journal.find({job_id(1), 1}));
}
