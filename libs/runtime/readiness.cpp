#include "runtime/readiness.hpp"

#include "store/grants.hpp"
#include "store/migrations.hpp"

namespace lamda::runtime {

namespace {

void require_privileges(store::Database& database, std::string_view role) {
    const auto lacking = store::lacking_privileges(database, role);
    if (lacking.empty()) {
        return;
    }
    std::string text = "the database role of DATABASE_URL lacks " + lacking.front();
    if (lacking.size() > 1) {
        text += " and " + std::to_string(lacking.size() - 1) + " more privileges";
    }
    throw std::runtime_error(text + " of " + std::string(role) +
                             ": run deploy/postgres/roles.sql, then `lamda migrate` as the schema's owner");
}

void report_owner(App& app, std::string_view role) {
    const std::string detail = "owns the schema, which is more than this service needs: use role " +
                               std::string(role) + " (deploy/postgres/roles.sql)";
    app.health().set("database_role", true, detail);
    app.log().warn("database role owns the schema",
                   {{"instead", role}, {"script", "deploy/postgres/roles.sql"}});
}

}  // namespace

void prepare_database(App& app, store::Database& database, bool migrate, std::string_view role) {
    app.probe("postgres", [&database] { database.ping(); });
    app.first("schema", [&app, &database, migrate, role](const std::stop_token&) {
        try {
            const bool is_owner = store::may_migrate(database);
            if (migrate && is_owner) {
                for (const int number : store::migrate(database)) {
                    app.log().info("migration applied", {{"number", number}});
                }
            } else if (!store::schema_is_current(database)) {
                throw std::runtime_error(
                    is_owner ? "waiting for `lamda migrate` (MIGRATE_ON_START=false)"
                             : "waiting for `lamda migrate`: this database role does not own the schema");
            }
            require_privileges(database, role);
            if (is_owner) {
                report_owner(app, role);
            }
        } catch (const store::SchemaMismatch& mismatch) {
            throw ConfigError(std::string("DATABASE_URL: ") + mismatch.what());
        }
    });
}

void keep_time(App& app, store::DatabaseClock& clock) {
    app.first("time", [&clock](const std::stop_token&) { clock.synchronize(); });
    app.loop("keep_time", [&clock](const std::stop_token& stop) { clock.run(stop); });
}

}  // namespace lamda::runtime
