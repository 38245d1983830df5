// Tests of the statements that each role may run.
#include "store/grants.hpp"

#include <catch2/catch.hpp>
#include <map>
#include <set>

#include "store/testing/grants_fixture.hpp"

using namespace lamda::store;
using namespace lamda::store::testing;

TEST_CASE("a line of privileges is read with its columns") {
    const auto grants = grants_of({"r", "a.b", "SELECT, UPDATE (x, y), DELETE"});
    CHECK(grants ==
          std::vector<Grant>{
              {"a.b", "SELECT", ""}, {"a.b", "UPDATE", "x"}, {"a.b", "UPDATE", "y"}, {"a.b", "DELETE", ""}});
}

TEST_CASE_METHOD(GrantsFixture, "each role has exactly the privileges in the list") {
    CHECK(granted() == listed());
    for (const auto role : kRoles) {
        INFO(role);
        CHECK(lacking_privileges(as(role), role).empty());
    }
    CHECK_FALSE(lacking_privileges(as(kGatewayRole), kDispatcherRole).empty());
    CHECK(lacking_privileges(owner, kDispatcherRole).empty());
}

TEST_CASE_METHOD(GrantsFixture,
                 "each table, view and function of the schema is in the list, or in unshared_objects") {
    std::set<std::string> known;
    for (const auto& privilege : role_privileges()) {
        known.emplace(privilege.object);
    }
    known.insert(unshared_objects().begin(), unshared_objects().end());
    auto objects = tables();
    objects.merge(names(
        "SELECT format('%s.%s(%s)', n.nspname, p.proname, oidvectortypes(p.proargtypes)) AS name FROM "
        "pg_proc p "
        "JOIN pg_namespace n ON n.oid = p.pronamespace WHERE n.nspname !~ '^(pg_|information_schema)'"));
    for (const auto& object : objects) {
        INFO(object << ": add it to libs/store/role_privileges.cpp, with its privileges or as unshared");
        CHECK(known.contains(object));
    }
    const auto sequences =
        names("SELECT format('%s.%s', schemaname, sequencename) AS name FROM pg_sequences");
    for (const auto& object : known) {
        INFO(object << ": is in the list but not in the schema; remove its line");
        CHECK((objects.contains(object) || sequences.contains(object) || tables().contains(object)));
    }
}

TEST_CASE_METHOD(GrantsFixture, "every statement on every table that the list does not allow is refused") {
    const auto allowed = listed();
    const auto may = [&](std::string_view role, const std::string& table, const std::string& what,
                         const std::string& column = "") {
        return allowed.contains(std::string(role) + " " + table + " " + what + " " + column);
    };
    std::size_t refused = 0;
    for (const auto role : kRoles) {
        for (const auto& table : tables()) {
            const std::map<std::string, std::string> statements{
                {"SELECT", "SELECT 1 FROM " + table + " LIMIT 0"},
                {"INSERT", "INSERT INTO " + table + " DEFAULT VALUES"},
                {"DELETE", "DELETE FROM " + table + " WHERE false"},
                {"TRUNCATE", "TRUNCATE " + table + " CASCADE"},
                {"LOCK", "LOCK TABLE " + table + " IN ACCESS EXCLUSIVE MODE"}};
            for (const auto& [what, sql] : statements) {
                // A lock needs a write privilege: a role with one may block the others that share the table.
                const bool ok = what == "LOCK" ? may(role, table, "UPDATE") || may(role, table, "DELETE")
                                               : may(role, table, what);
                if (!ok) {
                    CHECK(is_denied(role, sql));
                    ++refused;
                }
            }
            for (const auto& column : columns(table)) {
                if (!may(role, table, "UPDATE") && !may(role, table, "UPDATE", column)) {
                    CHECK(is_denied(role, "UPDATE " + table + " SET " + column + " = DEFAULT WHERE false"));
                    ++refused;
                }
            }
        }
    }
    CHECK(refused > 1'000);
}

TEST_CASE_METHOD(GrantsFixture, "only the owner creates, alters or drops, and no role can assume another") {
    const std::vector<std::string> statements{
        "CREATE SCHEMA mine",
        "CREATE TABLE public.mine (x int)",
        "CREATE TABLE api.mine (x int)",
        "CREATE TABLE chain.mine (x int)",
        "CREATE TABLE dispatch.mine (x int)",
        "CREATE TABLE gateway.mine (x int)",
        "CREATE TABLE registry.mine (x int)",
        "CREATE TABLE reputation.mine (x int)",
        "CREATE FUNCTION api.mine() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "CREATE OR REPLACE VIEW api.node AS SELECT 1 AS wallet_address",
        "CREATE INDEX ON dispatch.job (payment)",
        "CREATE TRIGGER t BEFORE INSERT ON dispatch.job FOR EACH ROW EXECUTE FUNCTION "
        "suppress_redundant_updates_trigger()",
        "CREATE RULE r AS ON INSERT TO dispatch.job DO INSTEAD NOTHING",
        "ALTER TABLE dispatch.job ADD COLUMN mine int",
        "ALTER TABLE chain.cursor DISABLE ROW LEVEL SECURITY",
        "ALTER TABLE chain.intent OWNER TO CURRENT_USER",
        "DROP POLICY lamda_everybody ON chain.cursor",
        "DROP TABLE dispatch.job",
        "DROP INDEX dispatch.job_by_age",
        "DROP VIEW api.node",
        "DROP FUNCTION api.put_spec(bytea)",
        "DROP SCHEMA dispatch CASCADE",
        "COMMENT ON TABLE dispatch.job IS 'mine'",
        "REINDEX TABLE dispatch.job",
        "CREATE ROLE mine",
        "ALTER ROLE CURRENT_USER SUPERUSER",
        "ALTER ROLE CURRENT_USER BYPASSRLS",
        "SET ROLE lamda",
        "SET ROLE postgres",
        "SET SESSION AUTHORIZATION lamda",
        "SET session_replication_role = replica",
        "ALTER DATABASE " + name + " SET work_mem = '1MB'",
        "COPY dispatch.job TO '/tmp/lamda-mine'",
        "COPY (SELECT 1) TO PROGRAM 'true'",
        "SELECT pg_read_file('/etc/passwd')",
        "SELECT pg_reload_conf()",
    };
    for (const auto role : kRoles) {
        for (const auto& sql : statements) {
            CHECK(is_denied(role, sql));
        }
        // GRANT without the right to grant is a warning or an error, and grants nothing.
        (void)refusal(role, "GRANT ALL ON dispatch.job TO PUBLIC");
    }
    CHECK(granted() == listed());
    CHECK(names("SELECT m.member::regrole::text AS name FROM pg_auth_members m WHERE m.member::regrole::text "
                "LIKE 'lamda\\_%'")
              .empty());
}

TEST_CASE_METHOD(GrantsFixture, "in a shared table each service sees and writes only its own rows") {
    superuser.transact([](Txn& txn) {
        txn.exec_script(
            "INSERT INTO chain.cursor (stream) VALUES ('registry:opbnb'), ('dispatcher:bsc'), "
            "('reputation:bsc'), ('reputation:opbnb');"
            "INSERT INTO bus.outbox (owner, subject, message_id, body) VALUES ('registry', 's', 'a', '{}'), "
            "('dispatcher', 's', 'b', '{}')");
    });
    const std::map<std::string_view, std::string> own{
        {kRegistryRole, "registry"}, {kDispatcherRole, "dispatcher"}, {kReputationRole, "reputation"}};
    for (const auto& [role, prefix] : own) {
        INFO(role);
        const auto seen = as(role).transact([](Txn& txn) {
            std::set<std::string> out;
            for (const auto& row : txn.exec("SELECT split_part(stream, ':', 1) AS name FROM chain.cursor")) {
                out.insert(row.get<std::string>("name"));
            }
            return out;
        });
        CHECK(seen == std::set<std::string>{prefix});
        for (const auto& [other_role, other] : own) {
            if (other == prefix) {
                continue;
            }
            CHECK(is_denied(role, "INSERT INTO chain.cursor (stream) VALUES ('" + other + ":new')"));
            CHECK(is_denied(role, "UPDATE chain.cursor SET stream = '" + other + ":new'"));
            CHECK(as(role).transact([&](Txn& txn) {
                return txn
                    .exec("UPDATE chain.cursor SET number = 7, hash = sha256('') WHERE stream LIKE $1",
                          {other + ":%"})
                    .affected();
            }) == 0);
            CHECK(
                is_denied(role, "INSERT INTO chain.lease (owner, instance, lock_key, backend_pid) VALUES ('" +
                                    other + "', 'x', 1, 1)"));
            CHECK(is_denied(
                role, "INSERT INTO chain.head (stream, number, at) VALUES ('" + other + ":bsc', 1, now())"));
            CHECK(is_denied(role, "INSERT INTO bus.dead_letter (owner, subject, body, reason) VALUES ('" +
                                      other + "', 's', '', 'r')"));
        }
    }
    const std::string outbox = "INSERT INTO bus.outbox (owner, subject, message_id, body) VALUES ";
    CHECK(is_denied(kRegistryRole, outbox + "('dispatcher', 'jobs.dispatch.x', 'dispatch:0x1:1', '{}')"));
    // A taken id would prevent another service's message from being published.
    CHECK(is_denied(kRegistryRole, outbox + "('registry', 'x', 'dispatch:0x1:1', '{}')"));
    CHECK(is_denied(kRegistryRole, outbox + "('registry', 'x', 'event:5:events.global', '{}')"));
    CHECK(refusal(kRegistryRole, outbox + "('registry', 'x', 'event:5:events.global:node', '{}')").empty());
    CHECK(refusal(kRegistryRole, outbox + "('registry', 'x', 'event:5:events.node.0x1', '{}')").empty());
    CHECK(is_denied(kDispatcherRole, outbox + "('dispatcher', 'x', 'event:5:events.node.0x1', '{}')"));
    CHECK(is_denied(kDispatcherRole, outbox + "('dispatcher', 'x', 'event:5:events.global:node', '{}')"));
    CHECK(refusal(kDispatcherRole, outbox + "('dispatcher', 'x', 'event:5:events.global', '{}')").empty());
    const std::string event = "INSERT INTO bus.feed_event (seq, owner, subject, body) VALUES ";
    CHECK(is_denied(kRegistryRole, event + "(1, 'dispatcher', 'events.node.0x1', '{}')"));
    CHECK(is_denied(kRegistryRole, event + "(1, 'registry', 'events.job.0x1', '{}')"));
    CHECK(is_denied(kDispatcherRole, event + "(1, 'dispatcher', 'events.node.0x1', '{}')"));
    CHECK(is_denied(kGatewayRole, event + "(1, 'dispatcher', 'events.job.0x1', '{}')"));
    CHECK(refusal(kDispatcherRole, event + "(1, 'dispatcher', 'events.job.0x1', '{}')").empty());
    CHECK(refusal(kGatewayRole, "SELECT epoch, last_seq, first_seq FROM api.feed_position").empty());
    CHECK(as(kRegistryRole).transact([](Txn& txn) {
        return txn.exec("DELETE FROM bus.outbox").affected();
    }) == 1);
}

TEST_CASE_METHOD(GrantsFixture,
                 "a compromised gateway can read views and store specs, but reach no money, job or proof") {
    const std::string intent =
        "INSERT INTO chain.intent (chain_id, wallet, key, recipient, value, data) VALUES (204, "
        "decode(repeat('11', 20), 'hex'), "
        "'increment:0x1', decode(repeat('22', 20), 'hex'), 1, '')";
    for (const auto role : {kGatewayRole, kDispatcherRole, kRegistryRole, kOperatorRole}) {
        CHECK(is_denied(role, intent));
        CHECK(is_denied(
            role, "UPDATE reputation.confirmation SET proven_provider = decode(repeat('22', 20), 'hex')"));
        CHECK(is_denied(role, "UPDATE chain.intent SET state = 'pending'"));
    }
    // An intent's request cannot be changed, not even by its sender.
    CHECK(is_denied(kReputationRole, "UPDATE chain.intent SET recipient = decode(repeat('22', 20), 'hex')"));
    CHECK(is_denied(kReputationRole, "UPDATE dispatch.job SET status = 'paid'"));
    CHECK(is_denied(kGatewayRole, "SELECT api.wish_tx('increment:0x1', 'cancel')"));
    CHECK(is_denied(kGatewayRole, "SELECT api.rebuild_reputation()"));
    CHECK(is_denied(kGatewayRole, "SELECT api.drop_dead_letter(1)"));
    CHECK(is_denied(kGatewayRole, "SELECT dispatch.begin_load()"));
    CHECK(is_denied(kGatewayRole, "INSERT INTO dispatch.spec (id, spec) VALUES (sha256('{}'), '{}')"));
    CHECK(refusal(kGatewayRole, "SELECT api.put_spec('{}')").empty());
    CHECK(
        refusal(kGatewayRole, "SELECT * FROM api.job, api.node, api.spec, api.reputation, api.reputation_tx")
            .empty());
}
