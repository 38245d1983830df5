// Tests of migrations and the role script, which grant the privileges and correct them.
#include "store/grants.hpp"

#include <catch2/catch.hpp>

#include "store/testing/grants_fixture.hpp"

using namespace lamda::store;
using namespace lamda::store::testing;
namespace testkit = lamda::testkit;

TEST_CASE_METHOD(GrantsFixture,
                 "a database of an earlier release is upgraded by the script and the next migration") {
    const auto old = next_name();
    Database shared(server().create_database(old), "grants-test", 1);
    migrate(shared);
    shared.transact(
        [](Txn& txn) { txn.exec("INSERT INTO chain.cursor (stream) VALUES ('dispatcher:bsc')"); });
    testkit::admit_roles(server(), old);
    CHECK(migrate(shared).empty());
    for (const auto role : kRoles) {
        Database service(testkit::role_dsn(server(), old, role), "grants-test", 1);
        CHECK(lacking_privileges(service, role).empty());
    }
    Database registry(testkit::role_dsn(server(), old, kRegistryRole), "grants-test", 1);
    CHECK(registry.transact([](Txn& txn) { return txn.exec("SELECT 1 FROM chain.cursor").size(); }) == 0);
    CHECK(shared.transact([](Txn& txn) { return txn.exec("SELECT 1 FROM chain.cursor").size(); }) == 1);
}

TEST_CASE_METHOD(GrantsFixture,
                 "the next migration corrects privileges changed manually, and otherwise changes nothing") {
    const auto granted_at = [&] {
        return superuser.transact([](Txn& txn) {
            return txn.one("SELECT granted_at::text AS t FROM public.lamda_grants").get<std::string>("t");
        });
    };
    const auto first = granted_at();
    CHECK(migrate(owner).empty());
    CHECK(granted_at() == first);  // the script, which waits for writers, was not run
    CHECK(migrate(superuser).empty());
    CHECK(granted_at() == first);

    superuser.transact([](Txn& txn) {
        txn.exec_script(
            "REVOKE SELECT ON api.job FROM lamda_gateway; GRANT INSERT ON chain.intent TO lamda_gateway;"
            "GRANT UPDATE (status) ON dispatch.job TO PUBLIC; GRANT EXECUTE ON FUNCTION "
            "api.rebuild_reputation() TO PUBLIC;"
            "DROP POLICY lamda_registry ON chain.cursor");
    });
    CHECK(lacking_privileges(as(kGatewayRole), kGatewayRole) ==
          std::vector<std::string>{"SELECT on api.job"});
    CHECK(migrate(owner).empty());
    CHECK(granted() == listed());
    CHECK(is_denied(kRegistryRole, "INSERT INTO chain.cursor (stream) VALUES ('dispatcher:new')"));
    CHECK(granted_at() != first);
}

TEST_CASE_METHOD(GrantsFixture, "a service's role cannot migrate, and the error says so") {
    CHECK(may_migrate(owner));
    CHECK(may_migrate(superuser));
    CHECK_FALSE(may_migrate(as(kDispatcherRole)));
    CHECK(migrate(as(kDispatcherRole)).empty());  // nothing is missing
    CHECK(schema_is_current(as(kGatewayRole)));

    const auto empty = next_name();
    (void)testkit::create_database_with_roles(server(), empty);
    Database early(testkit::role_dsn(server(), empty, kGatewayRole), "grants-test", 1);
    CHECK_FALSE(may_migrate(early));
    CHECK_FALSE(schema_is_current(early));
    CHECK_FALSE(lacking_privileges(early, kGatewayRole).empty());
    CHECK_THROWS_WITH(migrate(early), Catch::Contains("does not own the schema"));
}

TEST_CASE_METHOD(GrantsFixture,
                 "one role for all services still works: the owner, or one with all privileges") {
    const auto shared = next_name();
    Database everything(server().create_database(shared), "grants-test", 1);
    migrate(everything);  // the server has the roles; this database did not admit them
    CHECK(lacking_privileges(everything, kDispatcherRole).empty());
    Database other(testkit::role_dsn(server(), shared, kGatewayRole), "grants-test", 1);
    CHECK_FALSE(lacking_privileges(other, kGatewayRole).empty());
    CHECK_THROWS_WITH(schema_is_current(other), Catch::Contains("roles.sql"));

    superuser.transact([](Txn& txn) {
        txn.exec_script(
            "DROP ROLE IF EXISTS lamda_one; CREATE ROLE lamda_one LOGIN;"
            "GRANT USAGE ON SCHEMA chain TO lamda_one; GRANT ALL ON chain.cursor TO lamda_one");
    });
    for (const char* stream : {"registry:opbnb", "dispatcher:bsc"}) {
        CHECK(refusal("lamda_one", std::string("INSERT INTO chain.cursor (stream) VALUES ('") + stream + "')")
                  .empty());
    }
    superuser.transact([](Txn& txn) { txn.exec_script("DROP OWNED BY lamda_one; DROP ROLE lamda_one"); });
}

TEST_CASE_METHOD(
    GrantsFixture,
    "the script refuses a role that has more than a service needs, and changes nothing when run again") {
    const auto again = [&] { (void)testkit::create_database_with_roles(server(), next_name()); };
    CHECK_NOTHROW(again());
    superuser.transact([](Txn& txn) { txn.exec_script("ALTER ROLE lamda_gateway CREATEDB"); });
    CHECK_THROWS_WITH(again(), Catch::Contains("lamda_gateway has more than a service needs: createdb"));
    superuser.transact([](Txn& txn) {
        txn.exec_script("ALTER ROLE lamda_gateway NOCREATEDB; GRANT lamda_dispatcher TO lamda_gateway");
    });
    CHECK_THROWS_WITH(again(), Catch::Contains("member of lamda_dispatcher"));
    superuser.transact([](Txn& txn) { txn.exec_script("REVOKE lamda_dispatcher FROM lamda_gateway"); });
    CHECK_NOTHROW(again());
}
