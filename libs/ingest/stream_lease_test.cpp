// Lease of a stream: which of two instances reads when one of them gets no answers.
#include "ingest/detail/lease_timeout.hpp"
#include "ingest/testing/stream_world.hpp"

using namespace lamda;
using namespace lamda::ingest;

namespace {

/// A lease that another instance may want (`wanted`). Ends the run at `end`.
struct OneLease final : Lease {
    explicit OneLease(const Clock& time) : clock(time) {}
    bool held() override {
        if (clock.steady() >= end) {
            stop.request_stop();
        }
        return !elsewhere && !yielded();
    }
    void yield() override {
        times.push_back(clock.steady());
        elsewhere = wanted;
    }
    bool yielded() override { return !times.empty() && clock.steady() - times.back() < Millis(3'000); }

    const Clock& clock;
    Steady end{};
    std::stop_source stop;
    bool wanted = false;
    bool elsewhere = false;
    std::vector<Steady> times;  ///< times of yield()
};

struct LeasedStream : World {
    OneLease lease{clock};
    telemetry::Health health;
    rpcpool::MultiRpc endpoints{
        {.urls = network.urls(), .chain = ChainId{97}, .jitter_seed = 1}, clock, log, network};
    LogStream stream{
        config, endpoints, sink, {clock, log, metrics, health}, {.memory = nullptr, .lease = &lease}};

    LeasedStream() : World(15) { mine_some(); }
    void mine_some() {
        for (int i = 0; i < 50; ++i) {
            mine(1);
        }
    }
    void run(Millis time) {
        lease.end = clock.steady() + time;
        lease.stop = std::stop_source();
        stream.run(lease.stop.get_token());
    }
    void fail(bool yes) { plan().rates[Fault::kRefused] = yes ? 1 : 0; }
    std::string said() { return health.checks().at("chain:test:chain").detail; }
};

}  // namespace

TEST_CASE(
    "an instance without answers yields the lease after 30 s, and is on standby for the one that takes "
    "it") {
    LeasedStream world;
    world.run(Millis(10'000));
    REQUIRE(world.health.ready());
    world.fail(true);
    world.lease.wanted = true;
    const auto failing = world.clock.steady();
    world.run(Millis(20'000));
    CHECK(world.lease.times.empty());
    CHECK_FALSE(world.health.ready());
    world.run(Millis(40'000));
    REQUIRE(world.lease.times.size() == 1);
    CHECK(world.lease.times[0] - failing >= LeaseTimeout::kFirst);
    CHECK(world.health.ready());
    CHECK(world.said() == "on standby: another instance reads this chain");
    const auto calls = world.network.calls();
    world.run(Millis(60'000));
    CHECK(world.network.calls() == calls);
    CHECK(world.lease.times.size() == 1);

    // The other instance ends, and this one can read the chain again.
    world.fail(false);
    world.lease.elsewhere = false;
    world.mine_some();
    world.run(Millis(10'000));
    INFO(world.said());
    CHECK(world.health.ready());
    CHECK(world.difference(100) == "");
}

TEST_CASE("a lease that no other instance wants is taken back; meanwhile not ready, with growing intervals") {
    LeasedStream world;
    world.fail(true);
    const auto began = world.clock.steady();
    while (world.clock.steady() - began < Millis(300'000)) {
        world.run(Millis(1'000));
        REQUIRE_FALSE(world.health.ready());
        REQUIRE(world.said().find("standby") == std::string::npos);
    }
    const auto times = world.lease.times;  // after 30 s, 60 s, 120 s
    REQUIRE(times.size() == 3);
    CHECK(times[1] - times[0] >= 2 * LeaseTimeout::kFirst);
    CHECK(times[2] - times[1] >= 4 * LeaseTimeout::kFirst);

    world.fail(false);
    world.mine_some();
    world.run(Millis(20'000));
    INFO(world.said());
    CHECK(world.health.ready());
    CHECK(world.difference(100) == "");
    CHECK(world.lease.times.size() == 3);
    // After one answer the timeout is 30 s again.
    world.fail(true);
    world.run(Millis(50'000));
    CHECK(world.lease.times.size() == 4);
}

TEST_CASE("an instance that gets answers keeps the lease, whatever else fails") {
    LeasedStream world;
    world.run(Millis(5'000));
    SECTION("the sink fails") {
        world.sink.fail = 1;
    }
    SECTION("no new block") {}
    SECTION("every other call fails, so that few polls of the chain succeed") {
        world.plan().rates[Fault::kServerError] = 0.5;
    }
    SECTION("finality is too old, and the stream waits") {
        world.plan().rates[Fault::kStaleFinalized] = 1;
    }
    world.mine(1);
    world.run(Millis(200'000));
    CHECK(world.lease.times.empty());
}

TEST_CASE("the lease timeout has an upper limit, however often it was reached") {
    LeaseTimeout lease_timeout;
    Steady now{};
    const auto lasts = [&] {
        const auto began = now;
        while (!lease_timeout.failed(now)) {
            now += Millis(1'000);
        }
        return now - began;
    };
    Millis last{};
    for (int i = 0; i < 10; ++i) {
        last = std::chrono::duration_cast<Millis>(lasts());
    }
    CHECK(last == LeaseTimeout::kMost);
    lease_timeout.answered();
    CHECK(lasts() == LeaseTimeout::kFirst);
    CHECK_FALSE(lease_timeout.failed(now));
    now += LeaseTimeout::kMost;
    lease_timeout.begin();  // earlier failures do not count
    CHECK_FALSE(lease_timeout.failed(now));
}
