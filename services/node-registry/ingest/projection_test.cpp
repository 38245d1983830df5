#include "services/node-registry/ingest/projection.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <fstream>
#include <iterator>

#include "services/node-registry/testing/registry_scene.hpp"

using namespace lamda;
using namespace lamda::registry;
using namespace lamda::registry::test;
namespace nr = contracts::node_reputation;

namespace {

/// Returns the output of `act` on stderr.
template <class Act>
std::string stderr_of(const std::string& path, Act act) {
    const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    const int saved = ::dup(2);
    ::dup2(file, 2);
    act();
    ::dup2(saved, 2);
    ::close(saved);
    ::close(file);
    std::ifstream in(path);
    return {std::istreambuf_iterator<char>(in), {}};
}

}  // namespace

TEST_CASE("a registration with a model that is too long is skipped and logged; other events count") {
    const testkit::TempDir dir{"skipped"};
    testkit::PostgresServer postgres{dir.path()};
    Registry registry(testkit::migrated_database(postgres, "registry", store::kRegistryRole));
    NodeProjection projection(registry.clock,
                              telemetry::Log("test", telemetry::Level::kInfo, telemetry::Format::kJson));
    pgingest::Projector projector(registry.database, kStream, projection);
    projector.bind({ChainId{5611}, {kContract}});
    const auto batch =
        pgingest::batch_of({{log_of(nr::NodeRegistered{provider(1), std::string(65'537, 'x'), 80}),
                             log_of(nr::NodeRegistered{provider(2), "NVIDIA H100", 80})}});
    const auto log = stderr_of(dir.path() + "/stderr", [&] { projector.apply(batch); });
    CHECK(log.find("NodeReputation event skipped") != std::string::npos);
    CHECK(log.find(batch.logs[0].tx_hash.hex()) != std::string::npos);
    CHECK(log.find(batch.logs[1].tx_hash.hex()) == std::string::npos);
    CHECK(registry.nodes().size() == 1);
    CHECK(registry.nodes().contains(provider(2)));
}
