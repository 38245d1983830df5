// Test scene: a registry with its own database, and a projector for batches.
#pragma once

#include <map>
#include <set>
#include <string>

#include "contracts/node_reputation.hpp"
#include "pgingest/testing/range_snapshot.hpp"
#include "services/node-registry/ingest/journal_repair.hpp"
#include "services/node-registry/ingest/node_store.hpp"
#include "services/node-registry/ingest/projection.hpp"
#include "testkit/migrated_database.hpp"
#include "testkit/servers.hpp"

namespace lamda::registry::test {

inline const Address kContract = *Address::parse("0x1000000000000000000000000000000000000001");

inline Address provider(std::uint8_t n) {
    Address out;
    out.array()[19] = n;
    return out;
}

inline eth::Log log_of(const auto& event) {
    return event.encode(kContract);
}

/// The clock is `since` after the first block of batch_of().
struct Registry {
    explicit Registry(const std::string& dsn, Millis since = Millis(0))
        : database(dsn, "test", 2), clock(from_unix_seconds(1'700'000'001) + since) {
        projector.bind({ChainId{5611}, {kContract}});
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
    FakeClock clock;
    NodeProjection projection{clock, telemetry::Log::none()};
    pgingest::Projector projector{database, kStream, projection};
    JournalRepair repairs{clock};
    pgingest::PgAudit audited{database, kStream, repairs};
};

}  // namespace lamda::registry::test
