#include "runtime/readiness.hpp"

#include "store/migrations.hpp"

namespace lamda::runtime {

void prepare_database(App& app, store::Database& database, bool migrate) {
    app.probe("postgres", [&database] { database.ping(); });
    app.first("schema", [&app, &database, migrate](const std::stop_token&) {
        try {
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
