// A NATS server with a work-queue stream JOBS, and clients of it. For tests only.
#pragma once

#include <algorithm>
#include <catch2/catch.hpp>
#include <memory>
#include <string>
#include <vector>

#include "bus/bus.hpp"
#include "bus/testing/until_answered.hpp"
#include "testkit/servers.hpp"

namespace lamda::bus::testing {

struct BusFixture {
    testkit::TempDir dir{"bus"};
    testkit::NatsServer server{dir.path()};

    std::unique_ptr<Bus> client(const std::string& name = "bus-test") {
        auto out = std::make_unique<Bus>(server.url(), name, telemetry::Log::none());
        REQUIRE(testkit::wait_until([&] { return out->connected(); }));
        return out;
    }
    static StreamSpec jobs() {
        StreamSpec spec;
        spec.name = "JOBS";
        spec.subjects = {"jobs.dispatch.*"};
        spec.retention = StreamSpec::Retention::kWorkQueue;
        return spec;
    }
    static std::vector<Outgoing> messages(int first, int last,
                                          const std::string& subject = "jobs.dispatch.a") {
        std::vector<Outgoing> out;
        for (int i = first; i <= last; ++i) {
            out.push_back({subject, "dispatch:" + std::to_string(i) + ":1", std::to_string(i)});
        }
        return out;
    }
    /// Fetches until there are at least `count` messages: one fetch may return a part of them.
    static std::vector<Message> fetch_all(Consumer& consumer, std::size_t count) {
        std::vector<Message> out;
        while (out.size() < count) {
            const auto some = until_answered([&] { return consumer.fetch(10, testkit::kCallTimeout); });
            REQUIRE_FALSE(some.empty());
            out.insert(out.end(), some.begin(), some.end());
        }
        return out;
    }
    static bool all(const Published& outcome) {
        return outcome.reason.empty() &&
               std::find(outcome.stored.begin(), outcome.stored.end(), false) == outcome.stored.end();
    }
};

}  // namespace lamda::bus::testing
