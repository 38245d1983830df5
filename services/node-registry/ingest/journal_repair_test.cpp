// After a repair the rows are those of a registry that was told the truth at once.
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

TEST_CASE("Sceptical: each log that was hidden or told otherwise is repaired") {
    testkit::TempDir dir{"repair"};
    testkit::PostgresServer postgres{dir.path()};
    const auto logs = truth().logs.size();
    Registry told(testkit::migrated_database(postgres, "told", store::kRegistryRole));
    told.projector.apply(truth());
    for (std::size_t i = 0; i < logs; ++i) {
        const bool hidden = i % 2 == 0;
        CAPTURE(i, hidden);
        Registry misled(
            testkit::migrated_database(postgres, "misled_" + std::to_string(i), store::kRegistryRole));
        auto lies = truth();
        if (hidden) {
            lies.logs.erase(lies.logs.begin() + static_cast<std::ptrdiff_t>(i));
        } else {
            lies.logs[i].topics.back().array()[31] ^= 4;  // of another provider, or a new owner
        }
        misled.projector.apply(lies);
        CHECK(pgingest::repair(misled.audited, truth()) == 1);
        CHECK((misled.nodes() == told.nodes()));
        CHECK(misled.audited.compare({BlockNum{1}, truth()}).logs == 0);
    }
}
