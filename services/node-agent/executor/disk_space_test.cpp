#include "services/node-agent/executor/disk_space.hpp"

#include <atomic>
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <thread>

#include "services/node-agent/executor/disk_cost.hpp"
#include "services/node-agent/testing/agent_scene.hpp"
#include "services/node-agent/testing/fake_executor.hpp"

using namespace lamda;
using namespace lamda::agent;
using namespace lamda::agent::test;
namespace fs = std::filesystem;

namespace {

struct Scene {
    Scene() {
        fs::create_directories(dirs.output());
        fs::create_directories(dirs.volumes());
    }
    void write(const std::string& folder, int blocks) const {
        for (int i = 0; i < blocks; ++i) {
            std::ofstream(folder + "/" + std::to_string(i)) << "x";
        }
    }
    testkit::TempDir dir{"agent-disk-space"};
    JobDirs dirs{dir.path()};
    FakeExecutor executor;
    AttemptKey key{job_id(1), 1};
    SystemClock clock;
};

}  // namespace

TEST_CASE("folders and the executor's count add up; counting of a folder ends above the limit") {
    Scene scene;
    scene.write(scene.dirs.output(), 3);
    scene.write(scene.dirs.volumes(), 6);
    scene.executor.on_count = [](const auto&) { return 7; };
    const Written all{3 * kEntryBytes, 7, 6 * kEntryBytes};
    CHECK(measure_written(scene.executor, scene.key, scene.dirs, 8 * kEntryBytes, {}) == all);
    const Written most{3 * kEntryBytes, 7, 5 * kEntryBytes};
    CHECK(measure_written(scene.executor, scene.key, scene.dirs, 4 * kEntryBytes, {}) == most);
}

TEST_CASE("an excess in a folder is reported once, while the executor's count takes long") {
    Scene scene;
    std::atomic<bool> counting = false;
    scene.executor.on_count = [&](const std::stop_token& stop) -> std::uint64_t {
        counting = true;
        while (!stop.stop_requested()) {
            std::this_thread::yield();
        }
        return 0;
    };
    std::atomic<int> reports = 0;
    Written reported;
    {
        const DiskWatch watch(
            scene.executor, scene.key, scene.dirs, kEntryBytes,
            [&](const Written& written) {
                reported = written;
                ++reports;
            },
            scene.clock, telemetry::Log::none());
        REQUIRE(testkit::wait_until([&] { return counting.load(); }));
        scene.write(scene.dirs.volumes(), 2);
        CHECK(testkit::wait_until([&] { return reports > 0; }));
    }
    CHECK(reports == 1);
    CHECK(reported == Written{0, 0, 2 * kEntryBytes});
}
