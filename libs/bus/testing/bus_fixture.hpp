// A NATS server with a work-queue stream JOBS, and clients of it. For tests only.
#pragma once

#include <algorithm>
#include <catch2/catch.hpp>
#include <memory>
#include <string>
#include <vector>

#include "bus/bus.hpp"
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
    static bool all(const Published& outcome) {
        return outcome.reason.empty() &&
               std::find(outcome.stored.begin(), outcome.stored.end(), false) == outcome.stored.end();
    }
};

}  // namespace lamda::bus::testing
