#include "store/database_clock.hpp"

#include <catch2/catch.hpp>

#include "testkit/servers.hpp"

using namespace lamda;
using namespace lamda::store;

TEST_CASE("the database's time continues between synchronizations, also while the database is unavailable") {
    const testkit::TempDir dir("database-clock");
    testkit::PostgresServer server(dir.path());
    Database database(server.dsn(), "test", 1);
    DatabaseClock clock(database);
    clock.synchronize();
    const auto before = database.transact(
        [](Txn& txn) { return txn.one("SELECT clock_timestamp() AS now").get<Timestamp>("now"); });
    // Millisecond resolution, and half of a round trip.
    CHECK(clock.now() >= before - Millis(2'000));
    server.kill();
    CHECK_THROWS_AS(clock.synchronize(), Unavailable);
    const auto later = clock.now();
    CHECK(later >= before - Millis(2'000));
    CHECK(testkit::wait_until([&] { return clock.now() > later; }));
}
