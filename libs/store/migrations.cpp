#include "store/migrations.hpp"

#include <fmt/format.h>

#include <map>

#include "store/grants.hpp"

namespace lamda::store {

namespace {

// A lock number that no other client of the database uses: "lamda" in ASCII.
constexpr std::int64_t kLock = 0x6c616d6461;

struct Applied {
    std::string name;
    std::string checksum;
};

/// Empty if nothing was ever applied.
std::map<int, Applied> applied(Txn& txn) {
    std::map<int, Applied> out;
    const auto table = txn.one(
        "SELECT t.oid IS NOT NULL AS there, coalesce(has_table_privilege(t.oid, 'SELECT'), false) AS "
        "readable, "
        "current_user::text AS role FROM (SELECT to_regclass('public.lamda_migration')::oid AS oid) t");
    if (!table.get<bool>("there")) {
        return out;
    }
    if (!table.get<bool>("readable")) {
        throw StatementError("the database's role " + table.get<std::string>("role") +
                             " may not read the schema: run deploy/postgres/roles.sql, then `lamda migrate` "
                             "as the schema's owner");
    }
    for (const auto& row :
         txn.exec("SELECT number, name, checksum FROM public.lamda_migration ORDER BY number")) {
        out[row.get<int>("number")] = {row.get<std::string>("name"), row.get<std::string>("checksum")};
    }
    return out;
}

std::string checksum(Txn& txn, const Migration& migration) {
    return txn.one("SELECT encode(sha256($1::bytea), 'hex') AS sum", {as_bytes(migration.sql)})
        .get<std::string>("sum");
}

void require_same(Txn& txn, const std::map<int, Applied>& there, std::span<const Migration> migrations) {
    for (const auto& migration : migrations) {
        const auto found = there.find(migration.number);
        if (found != there.end() && found->second.checksum != checksum(txn, migration)) {
            throw SchemaMismatch(
                fmt::format("migration {} differs from the one in this database (recorded as {}): an "
                            "applied migration must not change",
                            migration.name, found->second.name));
        }
    }
}

void require_in_order(std::span<const Migration> migrations) {
    int expected = 1;
    for (const auto& migration : migrations) {
        if (migration.number != expected++) {
            throw SchemaMismatch(fmt::format(
                "migration {} is out of order: numbers are 1, 2, 3 … without gaps", migration.name));
        }
    }
}

/// Chain data holds text in every script. SQL_ASCII stores bytes unchanged, and Lamda writes UTF-8.
void require_unicode(Txn& txn) {
    const auto encoding = txn.one("SHOW server_encoding").get<std::string>("server_encoding");
    if (encoding != "UTF8" && encoding != "SQL_ASCII") {
        throw SchemaMismatch(
            fmt::format("the database's encoding is {}, which cannot hold every text of a chain: create it "
                        "with ENCODING 'UTF8' TEMPLATE template0",
                        encoding));
    }
}

}  // namespace

std::vector<int> migrate(Database& database, std::span<const Migration> migrations) {
    require_in_order(migrations);
    return database.transact([&](Txn& txn) {
        // Before any DDL: two concurrent CREATE SCHEMA IF NOT EXISTS would fail with a duplicate key. No
        // timeout: a migration may take longer than the pool's limit.
        txn.exec_script("SET LOCAL statement_timeout = 0");
        txn.exec("SELECT pg_advisory_xact_lock($1)", {kLock});
        require_unicode(txn);
        const auto there = applied(txn);
        if (!there.empty() && there.rbegin()->first > static_cast<int>(migrations.size())) {
            throw SchemaMismatch(fmt::format(
                "the database is at migration {} ({}), this executable has {}: use a newer release",
                there.rbegin()->first, there.rbegin()->second.name, migrations.size()));
        }
        require_same(txn, there, migrations);
        const bool may = may_migrate(txn);
        std::vector<int> out;
        for (const auto& migration : migrations) {
            if (there.contains(migration.number)) {
                continue;
            }
            if (!may) {
                throw StatementError("the database's role " +
                                     txn.one("SELECT current_user::text AS role").get<std::string>("role") +
                                     " does not own the schema and may not change it: give `lamda migrate` "
                                     "the DATABASE_URL of its owner");
            }
            if (there.empty() && out.empty()) {
                txn.exec_script(
                    "CREATE TABLE public.lamda_migration ("
                    "number integer PRIMARY KEY, name text NOT NULL, checksum text NOT NULL,"
                    "applied_at timestamptz NOT NULL DEFAULT now())");
            }
            txn.exec_script(std::string(migration.sql));
            txn.exec("INSERT INTO public.lamda_migration (number, name, checksum) VALUES ($1, $2, $3)",
                     {migration.number, migration.name, checksum(txn, migration)});
            out.push_back(migration.number);
        }
        if (may) {
            grant_privileges(txn);
        }
        return out;
    });
}

std::vector<MigrationState> migration_state(Database& database) {
    return database.transact([&](Txn& txn) {
        const auto there = applied(txn);
        std::vector<MigrationState> out;
        for (const auto& migration : embedded_migrations()) {
            out.push_back({migration.number, std::string(migration.name), there.contains(migration.number)});
        }
        for (const auto& [number, row] : there) {
            if (number > static_cast<int>(embedded_migrations().size())) {
                out.push_back({number, row.name, true});
            }
        }
        return out;
    });
}

bool schema_is_current(Database& database) {
    return database.transact([&](Txn& txn) {
        require_unicode(txn);
        const auto there = applied(txn);
        require_same(txn, there, embedded_migrations());
        for (const auto& migration : embedded_migrations()) {
            if (!there.contains(migration.number)) {
                return false;
            }
        }
        return true;
    });
}

}  // namespace lamda::store
