// Benchmark of the database part of ingestion: batches of logs through the dispatcher's projection into
// PostgreSQL, without a chain. Reports processor time as well as wall time, because other load on the machine
// hardly changes it.
#include <fmt/format.h>

#include <array>
#include <ctime>
#include <fstream>

#include "arguments.hpp"
#include "pgingest/projector.hpp"
#include "report.hpp"
#include "services/job-dispatcher/ingest/job_manager_source.hpp"
#include "services/job-dispatcher/ingest/projection.hpp"
#include "services/job-dispatcher/testing/batches.hpp"
#include "store/migrations.hpp"
#include "testkit/servers.hpp"

using namespace lamda;
using namespace lamda::bench;
using dispatch::testing::LogKind;

namespace {

constexpr std::uint64_t kBatches = 10;
constexpr std::uint64_t kLogs = 10'000;  ///< logs per batch
constexpr std::uint64_t kPerBlock = 100;

class Scene {
  public:
    Scene() : dir_("bench_apply"), postgres_(dir_.path() + "/postgres", true) {
        store::migrate(database_);
        projector_.bind({ChainId{31337}, {Address{}}});
    }

    /// Median over the batches, for each of `kLogs` logs.
    void run(const std::string& name, LogKind kind) {
        std::vector<double> wall;
        std::vector<double> client;
        std::vector<double> server;
        for (std::uint64_t batch = 0; batch < kBatches; ++batch) {
            const auto logs = maker_.next(kind, batch * kLogs, kLogs, kPerBlock);
            const auto before = readings();
            projector_.apply(logs);
            const auto after = readings();
            const auto micros = [&](std::size_t i) {
                return (after[i] - before[i]) * 1e6 / static_cast<double>(kLogs);
            };
            wall.push_back(micros(0));
            client.push_back(micros(1));
            server.push_back(micros(2));
        }
        report("apply_" + name, median(wall), "us", "no target: a log, in batches of 10,000");
        report("apply_" + name + "_client_cpu", median(client), "us",
               "no target: processor time in our process");
        report("apply_" + name + "_server_cpu", median(server), "us",
               "no target: processor time in PostgreSQL");
    }

  private:
    /// Seconds of: the wall clock, this process, the server process of our one connection.
    std::array<double, 3> readings() {
        const auto pid = database_.transact(
            [](store::Txn& txn) { return txn.one("SELECT pg_backend_pid() AS pid").get<int>("pid"); });
        std::ifstream file(fmt::format("/proc/{}/schedstat", pid));
        double nanos = 0;
        file >> nanos;
        return {now_seconds(), static_cast<double>(std::clock()) / CLOCKS_PER_SEC, nanos / 1e9};
    }

    testkit::TempDir dir_;
    testkit::PostgresServer postgres_;
    store::Database database_{postgres_.create_database("apply"), "bench", 1};
    SystemClock clock_;
    dispatch::Deployment deployment_{Address{}, ChainId{31337}, 3, Millis{0}};
    dispatch::StreamProgress progress_;
    dispatch::JobManagerSource source_;
    dispatch::JobProjection projection_{database_, source_, deployment_,
                                        progress_, clock_,  telemetry::Log::none()};
    pgingest::Projector projector_{database_, dispatch::kStream, projection_};
    dispatch::testing::BatchMaker maker_;
};

}  // namespace

int main(int argc, char** argv) {
    CLI::App app("Measures applying; prints one line for each figure: name value unit (target)");
    bool created_only = false;
    app.add_flag("--created-only", created_only, "only the creations: for a profiler");
    if (const auto status = lamda::bench::parse(app, argc, argv)) {
        return *status;
    }
    Scene scene;
    scene.run("created", LogKind::kCreated);
    if (!created_only) {
        scene.run("confirmed", LogKind::kConfirmed);
        scene.run("claimed", LogKind::kClaimed);
    }
    return 0;
}
