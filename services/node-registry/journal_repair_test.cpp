// After a repair the rows are those of a registry that was told the truth at once.
#include "journal_repair.hpp"

#include <catch2/catch.hpp>

#include "contracts/node_reputation.hpp"
#include "node_store.hpp"
#include "pipeline/test_rereading.hpp"
#include "projection.hpp"
#include "store/migrations.hpp"
#include "testkit/servers.hpp"

using namespace lamda;
using namespace lamda::registry;
namespace nr = contracts::node_reputation;

namespace {

const Address kContract = *Address::parse("0x1000000000000000000000000000000000000001");

Address provider(std::uint8_t n) {
    Address out;
    out.array()[19] = n;
    return out;
}

struct Registry {
    explicit Registry(const std::string& dsn) : database(dsn, "test", 2) {
        store::migrate(database);
        projector.bind({ChainId{31337}, {kContract}});
    }
    std::map<Address, NodeRow> nodes() {
        return database.transact([](store::Txn& txn) {
            std::set<Address> all;
            for (std::uint8_t n = 0; n < 10; ++n) {
                all.insert(provider(n));
            }
            return read_nodes(txn, all);
        });
    }
    store::Database database;
    SystemClock clock;
    NodeProjection projection{clock, telemetry::Log::none()};
    pipeline::Projector projector{database, kStream, projection};
    JournalRepair repairs{clock};
    pipeline::PgSweep swept{database, kStream, repairs};
};

chain::Batch truth() {
    const auto log = [](const auto& event) { return event.encode(kContract); };
    return pipeline::batch_of(
        {{log(nr::NodeRegistered{provider(1), "NVIDIA A100", 80}), log(nr::NodeHeartbeat{provider(1), 7})},
         {log(nr::JobCountIncremented{provider(1), 1}),
          log(nr::OwnershipTransferred{provider(8), provider(9)})},
         {log(nr::NodeRegistered{provider(2), "NVIDIA H100", 80})},
         {log(nr::JobCountIncremented{provider(1), 2}), log(nr::NodeHeartbeat{provider(2), 9})}});
}

}  // namespace

TEST_CASE("Sceptical: each log that was hidden or told otherwise is repaired") {
    testkit::TempDir dir{"repair"};
    testkit::PostgresServer postgres{dir.path()};
    const auto logs = truth().logs.size();
    Registry told(postgres.create_database("told"));
    told.projector.apply(truth());
    for (std::size_t i = 0; i < logs; ++i) {
        const bool hidden = i % 2 == 0;
        CAPTURE(i, hidden);
        Registry misled(postgres.create_database("misled_" + std::to_string(i)));
        auto lies = truth();
        if (hidden) {
            lies.logs.erase(lies.logs.begin() + static_cast<std::ptrdiff_t>(i));
        } else {
            lies.logs[i].topics.back().array()[31] ^= 4;  // of another provider, or a new owner
        }
        misled.projector.apply(lies);
        CHECK(pipeline::repair(misled.swept, truth()) == 1);
        CHECK((misled.nodes() == told.nodes()));
        CHECK(misled.swept.compare({BlockNum{1}, truth()}).logs == 0);
    }
}
