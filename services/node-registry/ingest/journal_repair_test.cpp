// Tests that a repair leads to the rows of a registry that read the correct logs from the start.
#include "services/node-registry/ingest/journal_repair.hpp"

#include <catch2/catch.hpp>

#include "services/node-registry/testing/registry_scene.hpp"

using namespace lamda;
using namespace lamda::registry;
using namespace lamda::registry::test;
namespace nr = contracts::node_reputation;

namespace {

ingest::Batch truth() {
    return pgingest::batch_of(
        {{log_of(nr::NodeRegistered{provider(1), "NVIDIA A100", 80}),
          log_of(nr::NodeHeartbeat{provider(1), 7})},
         {log_of(nr::JobCountIncremented{provider(1), 1}),
          log_of(nr::OwnershipTransferred{provider(8), provider(9)})},
         {log_of(nr::NodeRegistered{provider(2), "NVIDIA H100", 80})},
         {log_of(nr::JobCountIncremented{provider(1), 2}), log_of(nr::NodeHeartbeat{provider(2), 9})}});
}

}  // namespace

TEST_CASE("Sceptical: each hidden or changed log is repaired") {
    testkit::TempDir dir{"repair"};
    testkit::PostgresServer postgres{dir.path()};
    const auto logs = truth().logs.size();
    Registry correct(testkit::migrated_database(postgres, "correct", store::kRegistryRole));
    correct.projector.apply(truth());
    for (std::size_t i = 0; i < logs; ++i) {
        const bool hidden = i % 2 == 0;
        CAPTURE(i, hidden);
        Registry misled(
            testkit::migrated_database(postgres, "misled_" + std::to_string(i), store::kRegistryRole));
        auto lies = truth();
        if (hidden) {
            lies.logs.erase(lies.logs.begin() + static_cast<std::ptrdiff_t>(i));
        } else {
            lies.logs[i].topics.back().array()[31] ^= 4;  // another provider or another owner
        }
        misled.projector.apply(lies);
        CHECK(pgingest::repair(misled.audited, truth()) == 1);
        CHECK((misled.nodes() == correct.nodes()));
        CHECK(misled.audited.compare({BlockNum{1}, truth()}).logs == 0);
    }
}
