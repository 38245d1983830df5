#include "services/node-agent/executor/paced_measurement.hpp"

#include <catch2/catch.hpp>
#include <semaphore>
#include <stdexcept>

#include "testkit/process.hpp"

using namespace lamda;
using namespace lamda::agent;

TEST_CASE("the pause grows with the duration of a measurement, up to 2 s") {
    CHECK(pause_after(Millis(0)) == Millis(100));
    CHECK(pause_after(Millis(10)) == Millis(100));
    CHECK(pause_after(Millis(11)) == Millis(110));
    CHECK(pause_after(Millis(200)) == Millis(2'000));
    CHECK(pause_after(Millis(60'000)) == Millis(2'000));
}

TEST_CASE("a failed measurement keeps the last result and is repeated") {
    const SystemClock clock;
    std::binary_semaphore third(0);
    std::binary_semaphore looked(0);
    int tried = 0;
    const PacedMeasurement measurement(
        "a thing",
        [&](const std::stop_token&) -> std::uint64_t {
            switch (++tried) {
                case 1:
                    return 7;
                case 2:
                    throw std::runtime_error("not now");
                case 3:
                    third.release();
                    looked.acquire();
                    return 8;
                default:
                    return 8;
            }
        },
        clock, telemetry::Log::none());
    third.acquire();
    CHECK(measurement.last() == 7);
    looked.release();
    CHECK(testkit::wait_until([&] { return measurement.last() == 8; }));
}

TEST_CASE("the last result stays available during a measurement, which a stop request ends") {
    const SystemClock clock;
    std::binary_semaphore begun(0);
    int tried = 0;
    {
        const PacedMeasurement measurement(
            "a thing",
            [&](const std::stop_token& stop) -> std::uint64_t {
                if (++tried == 1) {
                    return 7;
                }
                begun.release();
                while (!stop.stop_requested()) {
                    std::this_thread::yield();
                }
                throw std::runtime_error("ended");
            },
            clock, telemetry::Log::none());
        begun.acquire();
        CHECK(measurement.last() == 7);
    }
    CHECK(tried == 2);
}
