// A migrated database with the services' roles, and statements in the name of each role. For tests only.
#pragma once

#include <atomic>
#include <catch2/catch.hpp>
#include <map>
#include <memory>
#include <set>
#include <string>

#include "store/grants.hpp"
#include "store/migrations.hpp"
#include "testkit/migrated_database.hpp"

namespace lamda::store::testing {

/// A migrated database with the services' roles.
struct GrantsFixture {
    static testkit::PostgresServer& server() {
        static testkit::TempDir dir("grants");
        static testkit::PostgresServer server(dir.path());
        return server;
    }
    static std::string next_name() {
        static std::atomic<int> count = 0;
        return "g_" + std::to_string(++count);
    }

    std::string name = next_name();
    std::string owner_dsn = testkit::create_database_with_roles(server(), name);
    Database owner{owner_dsn, "grants-test", 2};
    Database superuser{server().dsn(name), "grants-test", 2};
    std::map<std::string, std::unique_ptr<Database>> roles;

    GrantsFixture() { migrate(owner); }

    Database& as(std::string_view role) {
        auto& out = roles[std::string(role)];
        if (!out) {
            out = std::make_unique<Database>(testkit::role_dsn(server(), name, role), "grants-test", 1);
        }
        return *out;
    }
    /// Error text of the statement; empty: it succeeded (and was rolled back).
    std::string refusal(std::string_view role, const std::string& sql) {
        struct Undo {};
        try {
            as(role).transact([&](Txn& txn) {
                txn.exec_script(sql);
                throw Undo();
            });
        } catch (const Undo&) {
            return "";
        } catch (const std::runtime_error& error) {
            return error.what();
        }
        return "";
    }
    bool is_denied(std::string_view role, const std::string& sql) {
        const auto text = refusal(role, sql);
        UNSCOPED_INFO(role << ": " << sql << ": " << (text.empty() ? "done" : text));
        for (const char* denied : {"permission denied", "must be owner", "must be superuser",
                                   "must be member", "row-level security", "must have", "is not a table",
                                   "can only be updated", "cannot insert into view", "cannot update view",
                                   "cannot update column", "cannot delete from view"}) {
            if (text.find(denied) != std::string::npos) {
                return true;
            }
        }
        return false;
    }
    std::set<std::string> names(const std::string& sql) {
        return superuser.transact([&](Txn& txn) {
            std::set<std::string> out;
            for (const auto& row : txn.exec(sql)) {
                out.insert(row.get<std::string>("name"));
            }
            return out;
        });
    }
    std::set<std::string> tables() {
        return names(
            "SELECT format('%s.%s', n.nspname, c.relname) AS name FROM pg_class c JOIN pg_namespace n ON "
            "n.oid = "
            "c.relnamespace WHERE c.relkind IN ('r', 'v', 'm', 'p', 'f') AND n.nspname !~ "
            "'^(pg_|information_schema)'");
    }
    std::set<std::string> columns(const std::string& table) {
        return names("SELECT quote_ident(attname) AS name FROM pg_attribute WHERE attrelid = '" + table +
                     "'::regclass AND attnum > 0 AND NOT attisdropped");
    }
    /// Role, object, privilege and column of everything that the catalogs grant to a role or to PUBLIC.
    std::set<std::string> granted() {
        return names(
            "SELECT format('%s %s %s %s', coalesce(r.rolname, 'PUBLIC'), g.object, g.privilege, g.col) AS "
            "name FROM ("
            "SELECT format('%s.%s', n.nspname, c.relname) AS object, a.grantee, a.privilege_type AS "
            "privilege, '' AS col "
            "FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace, aclexplode(c.relacl) a "
            "WHERE n.nspname !~ '^(pg_|information_schema)' AND a.grantee <> c.relowner "
            "UNION ALL SELECT format('%s.%s', n.nspname, c.relname), a.grantee, a.privilege_type, "
            "t.attname::text "
            "FROM pg_attribute t JOIN pg_class c ON c.oid = t.attrelid JOIN pg_namespace n ON n.oid = "
            "c.relnamespace, "
            "aclexplode(t.attacl) a WHERE n.nspname !~ '^(pg_|information_schema)' "
            "UNION ALL SELECT format('%s.%s(%s)', n.nspname, p.proname, oidvectortypes(p.proargtypes)), "
            "a.grantee, "
            "a.privilege_type, '' FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace, "
            "aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a "
            "WHERE n.nspname !~ '^(pg_|information_schema)' AND a.grantee <> p.proowner"
            ") g LEFT JOIN pg_roles r ON r.oid = g.grantee");
    }
};

inline constexpr std::string_view kRoles[] = {kRegistryRole, kDispatcherRole, kReputationRole, kGatewayRole,
                                              kOperatorRole};

/// Everything that the list of privileges grants, in the form of GrantsFixture::granted.
inline std::set<std::string> listed() {
    std::set<std::string> out;
    for (const auto& privilege : role_privileges()) {
        for (const auto& grant : grants_of(privilege)) {
            out.insert(std::string(privilege.role) + " " + grant.object + " " + grant.privilege + " " +
                       grant.column);
        }
    }
    return out;
}

}  // namespace lamda::store::testing
