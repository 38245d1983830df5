#include "testkit/migrated_database.hpp"

#include <stdexcept>

#include "store/migrations.hpp"
#include "testkit/process.hpp"

namespace lamda::testkit {

namespace {

void psql(const std::string& dsn, const std::string& option, const std::string& value) {
    const auto finished =
        run({{"psql", "--no-psqlrc", "--quiet", "-v", "ON_ERROR_STOP=1", "-d", dsn, option, value},
             {},
             "/",
             "",
             false});
    if (finished.status != 0) {
        throw std::runtime_error("psql " + option + " " + value + " failed: " + finished.output);
    }
}

}  // namespace

void admit_roles(const PostgresServer& server, const std::string& database) {
    psql(server.dsn(database), "-f", source_dir() + "/deploy/postgres/roles.sql");
}

std::string create_database_with_roles(PostgresServer& server, const std::string& name) {
    psql(server.dsn(), "-c",
         "DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'lamda') THEN CREATE ROLE lamda "
         "LOGIN; "
         "END IF; END $$");
    psql(server.dsn(), "-c", "CREATE DATABASE \"" + name + "\" OWNER lamda");
    admit_roles(server, name);
    return role_dsn(server, name, "lamda");
}

std::string migrated_database(PostgresServer& server, const std::string& name, std::string_view role) {
    store::Database owner(create_database_with_roles(server, name), "test", 1);
    store::migrate(owner);
    return role_dsn(server, name, role);
}

std::string role_dsn(const PostgresServer& server, const std::string& database, std::string_view role) {
    return "postgres://" + std::string(role) + "@127.0.0.1:" + std::to_string(server.port()) + "/" + database;
}

std::string database_role(const std::string& service) {
    return "lamda_" + service.substr(service.rfind('-') + 1);
}

}  // namespace lamda::testkit
