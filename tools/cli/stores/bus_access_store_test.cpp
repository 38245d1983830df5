#include "tools/cli/stores/bus_access_store.hpp"

#include <catch2/catch.hpp>

#include "store/role_privileges.hpp"
#include "testkit/migrated_database.hpp"
#include "testkit/servers.hpp"

using namespace lamda;
using namespace lamda::cli;

TEST_CASE("orders about access to the bus are recorded once, with the operator's role") {
    const testkit::TempDir dir{"bus_access_store"};
    testkit::PostgresServer postgres{dir.path()};
    store::Database admin(testkit::migrated_database(postgres, "lamda", "postgres"), "test", 1);
    store::Database database(testkit::role_dsn(postgres, "lamda", store::kOperatorRole), "test", 1);
    Address provider;
    provider.array()[19] = 1;
    Address other;
    other.array()[19] = 2;
    const auto generation = [&] {
        return admin.transact([&](store::Txn& txn) {
            return txn.one("SELECT generation FROM registry.bus_access WHERE provider = $1", {provider})
                .get<std::uint64_t>("generation");
        });
    };
    CHECK(read_bus_access(database).empty());
    allow_bus_access(database, provider);  // it was never revoked
    CHECK_FALSE(find_bus_access(database, provider));

    revoke_bus_access(database, provider);
    const auto revoked = find_bus_access(database, provider);
    REQUIRE(revoked);
    CHECK(revoked->revoked);
    CHECK(revoked->revoked_at);
    CHECK_FALSE(revoked->pushed);
    CHECK(generation() == 1);
    revoke_bus_access(database, provider);
    CHECK(generation() == 1);
    CHECK(find_bus_access(database, provider)->revoked_at == revoked->revoked_at);

    admin.transact(
        [&](store::Txn& txn) { txn.exec("UPDATE registry.bus_access SET pushed_generation = 1"); });
    CHECK(find_bus_access(database, provider)->pushed);
    allow_bus_access(database, provider);
    const auto allowed = find_bus_access(database, provider);
    CHECK_FALSE(allowed->revoked);
    CHECK_FALSE(allowed->pushed);
    CHECK(allowed->revoked_at == revoked->revoked_at);
    CHECK(generation() == 2);

    revoke_bus_access(database, other);
    const auto all = read_bus_access(database);
    REQUIRE(all.size() == 2);
    CHECK(all[0].provider == other);
    CHECK(all[1].provider == provider);
}
