#include "services/api-gateway/feed/feed_hub.hpp"

#include <catch2/catch.hpp>

#include "problem/problem.hpp"

using namespace lamda;
using namespace lamda::gateway;

namespace {

const std::string kEpoch = "0123456789ab";

struct Received {
    std::vector<std::string> messages;
    std::size_t room = 1'000;
    bool gone = false;
    int beats = 0;
    std::optional<DropReason> dropped;
};

/// The message without its frame.
std::string text_of(const FeedMessage& message) {
    const auto& bytes = *message.bytes;
    return bytes.substr(6, bytes.size() - 8);  // `data: ` and two line breaks
}

class Recorder : public FeedSink {
  public:
    explicit Recorder(Received& to) : to_(to) {}
    bool send(const FeedMessage& message) override {
        if (to_.messages.size() >= to_.room) {
            return false;
        }
        to_.messages.push_back(text_of(message));
        return true;
    }
    void begin(const FeedMessage& message) override { to_.messages.push_back(text_of(message)); }
    void beat() override { ++to_.beats; }
    void drop(DropReason reason) override { to_.dropped = reason; }
    bool closed() const override { return to_.gone; }

  private:
    Received& to_;
};

JobId job(unsigned n) {
    JobId id;
    id.array()[31] = static_cast<std::uint8_t>(n);
    return id;
}
Channel job_channel(unsigned n) {
    return {Channel::Kind::kJob, job(n), {}};
}
const Channel kGlobal;

FeedEvent event(std::uint64_t seq, unsigned of_job, std::size_t bytes = 0) {
    return {seq,
            {kGlobal.key(), job_channel(of_job).key()},
            feed_message("", std::to_string(seq) + std::string(bytes, ' '))};
}

struct Scene {
    explicit Scene(FeedHub::Limits limits = {}) : hub(limits, metrics) {
        hub.restart({kEpoch, 0}, DropReason::kOtherEpoch);
    }
    void publish(std::uint64_t first, std::uint64_t last, unsigned of_job = 1) {
        std::vector<FeedEvent> events;
        for (auto seq = first; seq <= last; ++seq) {
            events.push_back(event(seq, of_job));
        }
        hub.publish(std::move(events));
    }
    FeedHub::ListenerPtr add(Received& to, const std::string& client = "127.0.0.1") {
        return hub.add(std::make_unique<Recorder>(to), client);
    }
    telemetry::Metrics metrics;
    FeedHub hub;
};

std::vector<std::string> numbers(std::uint64_t first, std::uint64_t last) {
    std::vector<std::string> out;
    for (auto n = first; n <= last; ++n) {
        out.push_back(std::to_string(n));
    }
    return out;
}

}  // namespace

TEST_CASE("a listener gets every event of its channels after its place, once and in order") {
    Scene scene;
    scene.publish(1, 5);
    scene.publish(6, 7, 2);
    Received all;
    Received one;
    REQUIRE(scene.hub.attach(scene.add(all), {kGlobal}, {kEpoch, 3}, {}));
    REQUIRE(scene.hub.attach(scene.add(one), {job_channel(2)}, {kEpoch, 0}, {feed_message("", "snapshot")}));
    scene.publish(8, 9, 2);
    scene.publish(10, 10, 1);
    CHECK(all.messages == numbers(4, 10));
    CHECK(one.messages == std::vector<std::string>{"snapshot", "6", "7", "8", "9"});
}

TEST_CASE("an event that belongs to several channels of a listener comes once") {
    Scene scene;
    scene.publish(1, 3);
    Received both;
    const auto listener = scene.add(both);
    REQUIRE(scene.hub.attach(listener, {kGlobal, job_channel(1)}, {kEpoch, 1}, {}));
    scene.publish(4, 4);
    CHECK(both.messages == numbers(2, 4));
    INFO("a channel that is added later brings only what no channel had");
    REQUIRE(scene.hub.attach(listener, {job_channel(1)}, {kEpoch, 0}, {}));
    CHECK(both.messages == numbers(2, 4));
    CHECK(scene.hub.channels_of(listener) == 2);

    Received later;
    const auto second = scene.add(later);
    REQUIRE(scene.hub.attach(second, {job_channel(1)}, {kEpoch, 3}, {}));
    REQUIRE(scene.hub.attach(second, {kGlobal}, {kEpoch, 2}, {}));
    CHECK(later.messages == std::vector<std::string>{"4", "3"});
    CHECK(scene.hub.detach(second, kGlobal));
    CHECK_FALSE(scene.hub.detach(second, kGlobal));
    scene.publish(5, 5);
    scene.publish(6, 6, 2);
    CHECK(later.messages == std::vector<std::string>{"4", "3", "5"});
}

TEST_CASE("a place that another gateway has sent is accepted, and the events up to it do not come again") {
    Scene scene;
    scene.publish(1, 2);
    CHECK(scene.hub.gap_after({kEpoch, 4}) == ResetReason::kUnknownId);
    Received ahead;
    REQUIRE(scene.hub.attach(scene.add(ahead), {kGlobal}, {kEpoch, 4}, {}));
    scene.publish(3, 6);
    CHECK(ahead.messages == numbers(5, 6));
}

TEST_CASE("a client whose next event is not kept gets the reason") {
    FeedHub::Limits limits;
    limits.ring_bytes = 10'000;
    Scene scene(limits);
    for (std::uint64_t seq = 1; seq <= 40; ++seq) {
        std::vector<FeedEvent> events;
        events.push_back(event(seq, 1, 1'000));
        scene.hub.publish(std::move(events));
    }
    CHECK(scene.hub.gap_after({kEpoch, 1}) == ResetReason::kTooOld);
    CHECK(scene.hub.gap_after({"another", 40}) == ResetReason::kOtherEpoch);
    CHECK_FALSE(scene.hub.gap_after({kEpoch, 40}));
    CHECK_FALSE(scene.hub.gap_after({kEpoch, 39}));
    Received old;
    CHECK_FALSE(scene.hub.attach(scene.add(old), {kGlobal}, {kEpoch, 1}, {feed_message("", "snapshot")}));
    CHECK(old.messages.empty());
}

TEST_CASE("a listener that reads slowly continues where it was, and the others do not wait for it") {
    Scene scene;
    Received slow;
    slow.room = 3;
    Received good;
    const auto listener = scene.add(slow);
    REQUIRE(scene.hub.attach(listener, {kGlobal}, {kEpoch, 0}, {feed_message("", "snapshot")}));
    REQUIRE(scene.hub.attach(scene.add(good), {kGlobal}, {kEpoch, 0}, {}));
    scene.publish(1, 5);
    CHECK(slow.messages == std::vector<std::string>{"snapshot", "1", "2"});
    CHECK(good.messages == numbers(1, 5));
    slow.messages.clear();
    CHECK(scene.hub.catch_up() == false);
    CHECK(slow.messages == numbers(3, 5));
    INFO("a channel that is added while it lags");
    slow.messages.clear();
    slow.room = 1;
    scene.publish(6, 9, 2);
    CHECK(slow.messages == numbers(6, 6));
    slow.messages.clear();
    slow.room = 100;
    REQUIRE(scene.hub.attach(listener, {job_channel(2), job_channel(1)}, {kEpoch, 4}, {}));
    CHECK(slow.messages == numbers(7, 9));
    scene.publish(10, 10, 2);
    CHECK(slow.messages == numbers(7, 10));
    CHECK_FALSE(slow.dropped);
}

TEST_CASE("a listener whose next event has left the ring is dropped with the reason") {
    FeedHub::Limits limits;
    limits.ring_bytes = 10'000;
    Scene scene(limits);
    Received slow;
    slow.room = 1;
    REQUIRE(scene.hub.attach(scene.add(slow), {kGlobal}, {kEpoch, 0}, {}));
    for (std::uint64_t seq = 1; seq <= 40; ++seq) {
        std::vector<FeedEvent> events;
        events.push_back(event(seq, 1, 1'000));
        scene.hub.publish(std::move(events));
    }
    CHECK_FALSE(scene.hub.catch_up());
    CHECK(slow.dropped == DropReason::kSlowReader);
    scene.hub.forget_closed();
    CHECK(scene.hub.listeners() == 0);
}

TEST_CASE("another epoch drops all listeners, and numbers begin with the new log") {
    Scene scene;
    scene.publish(1, 3);
    Received old;
    REQUIRE(scene.hub.attach(scene.add(old), {kGlobal}, {kEpoch, 3}, {}));
    scene.hub.restart({"fedcba987654", 1}, DropReason::kOtherEpoch);
    CHECK(old.dropped == DropReason::kOtherEpoch);
    CHECK(scene.hub.listeners() == 0);
    scene.publish(2, 2);
    CHECK(old.messages.empty());
    CHECK(scene.hub.newest() == FeedPlace{"fedcba987654", 2});
    CHECK(scene.hub.gap_after({kEpoch, 3}) == ResetReason::kOtherEpoch);
}

TEST_CASE("listeners are limited in total and for each client, and those who went make room") {
    FeedHub::Limits limits;
    limits.listeners = 4;
    limits.of_client = 2;
    Scene scene(limits);
    Received own[2];
    const auto first = scene.add(own[0], "192.0.2.1");
    scene.add(own[1], "192.0.2.1");
    Received other;
    CHECK_THROWS_AS(scene.add(other, "192.0.2.1"), problem::Problem);
    scene.add(other, "192.0.2.2");
    Received local[2];
    scene.add(local[0]);
    CHECK_THROWS_AS(scene.add(local[1]), problem::Problem);
    own[1].gone = true;
    scene.hub.forget_closed();
    scene.hub.remove(first);
    CHECK(scene.hub.listeners() == 2);
    scene.hub.beat();
    CHECK(other.beats == 1);
    CHECK(own[0].beats == 0);
    scene.add(local[1], "192.0.2.1");
}
