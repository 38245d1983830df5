#include "services/node-agent/benchmark/benchmark.hpp"

#include <catch2/catch.hpp>
#include <filesystem>

#include "services/node-agent/state/durable_file.hpp"
#include "services/node-agent/testing/fake_world.hpp"
#include "testkit/process.hpp"
#include "wire/job_spec.hpp"

using namespace lamda;
using namespace lamda::agent;

TEST_CASE("a benchmark's result is canonical, with null for a store that did not take part") {
    Measured measured;
    measured.cpu_model = "CPU \"x\" \x01";
    measured.gpus = {{{"Tesla T4", 15'360, "GPU-1", "535.1"}, std::nullopt}};
    measured.store.down = 5;
    const auto result = result_of(measured);
    CHECK(result == wire::canonicalize_json(result).value());
    CHECK(result.find(R"("store":{"downBytesPerSecond":5,"upBytesPerSecond":null})") != std::string::npos);
    CHECK(result.find(R"("gpus":[{"driver":"535.1","memoryMib":15360,"model":"Tesla T4","uuid":"GPU-1"}])") !=
          std::string::npos);
    measured.gpus[0].first.figures = {3, 16, 1'590, {}};
    const auto figures = result_of(measured);
    CHECK(figures == wire::canonicalize_json(figures).value());
    CHECK(figures.find(R"({"clockMhz":1590,"driver":"535.1","memoryMib":15360,"model":"Tesla T4",)"
                       R"("pcieGeneration":3,"pcieLanes":16,"uuid":"GPU-1"})") != std::string::npos);
    measured.gpus[0].second = GpuSpeed{4'000'000'000'000, 250, 12};
    const auto speeds = result_of(measured);
    CHECK(speeds == wire::canonicalize_json(speeds).value());
    CHECK(speeds.find(R"("memoryCopyBytesPerSecond":250,"memoryMib":15360,"model":"Tesla T4",)"
                      R"("multiplyAddsPerSecond":4000000000000,)") != std::string::npos);
    CHECK(speeds.find(R"("uploadBytesPerSecond":12,)") != std::string::npos);
    measured.gpus.clear();
    CHECK(result_of(measured).find(R"("gpus":[])") != std::string::npos);
}

TEST_CASE("a machine is measured within the given times, and no file is left behind") {
    const testkit::TempDir dir("agent-benchmark");
    Config config;
    config.state_dir = dir.path();
    config.content.api_url = "http://store";
    test::FakeWorld world;
    const auto measured = measure_machine(
        config, world, {.time = Millis(10), .disk_bytes = 1 << 20, .store_bytes = 1 << 16}, SystemClock());
    CHECK(measured.threads > 0);
    CHECK(measured.memory_mib > 0);
    CHECK(measured.sha256_single > 0);
    CHECK(measured.sha256_all > 0);
    CHECK(measured.memory_copy > 0);
    CHECK(measured.disk.write > 0);
    CHECK(measured.disk.reads > 0);
    CHECK(measured.store.up);
    CHECK_FALSE(measured.store.down);  // the fake store has nothing to give
    CHECK(std::filesystem::is_empty(dir.path()));
    CHECK_THROWS_AS(measure_disk(dir.path() + "/absent", 1 << 20, Millis(1), SystemClock()), DiskError);
}
