#include "runtime/readiness.hpp"

#include "store/migrations.hpp"

namespace lamda::runtime {

namespace {

/// Chains and wallets hold texts in every script. SQL_ASCII keeps bytes as they come, which are UTF-8 here.
void require_unicode(store::Database& database) {
    const auto encoding = database.transact(
        [](store::Txn& txn) { return txn.one("SHOW server_encoding").get<std::string>("server_encoding"); });
    if (encoding != "UTF8" && encoding != "SQL_ASCII") {
        throw ConfigError("DATABASE_URL: the database's encoding is " + encoding +
                          ", which cannot hold every text of a chain: make it with ENCODING 'UTF8' TEMPLATE "
                          "template0");
    }
}

}  // namespace

void prepare_database(App& app, store::Database& database, bool migrate) {
    app.probe("postgres", [&database] { database.ping(); });
    app.first("schema", [&app, &database, migrate](const std::stop_token&) {
        try {
            require_unicode(database);
            if (migrate) {
                for (const int number : store::migrate(database)) {
                    app.log().info("migration applied", {{"number", number}});
                }
            } else if (!store::schema_is_current(database)) {
                throw std::runtime_error(
                    "waiting for somebody to migrate the schema (MIGRATE_ON_START=false)");
            }
        } catch (const store::SchemaMismatch& mismatch) {
            throw ConfigError(std::string("DATABASE_URL: ") + mismatch.what());
        }
    });
}

}  // namespace lamda::runtime
