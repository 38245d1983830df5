#include "store/migrations.hpp"

#include <atomic>
#include <catch2/catch.hpp>
#include <thread>

#include "testkit/servers.hpp"

using namespace lamda::store;
namespace testkit = lamda::testkit;

namespace {

struct Fresh {
    static testkit::PostgresServer& server() {
        static testkit::TempDir dir("migrations");
        static testkit::PostgresServer server(dir.path());
        return server;
    }
    static std::string database() {
        static std::atomic<int> count = 0;
        return server().create_database("m_" + std::to_string(++count));
    }
    std::string dsn = database();
    Database db{dsn, "migrations-test"};
};

constexpr Migration kFirst{1, "0001_a.sql", "CREATE SCHEMA a; CREATE TABLE a.t (x int);"};
constexpr Migration kSecond{2, "0002_b.sql", "INSERT INTO a.t VALUES (1); -- ünï ; code"};

}  // namespace

TEST_CASE_METHOD(Fresh, "the embedded migrations are numbered without gaps, apply, and apply once") {
    const auto all = embedded_migrations();
    REQUIRE(all.size() >= 2);
    std::vector<int> numbers;
    for (const auto& migration : all) {
        INFO(migration.name);
        numbers.push_back(migration.number);
        REQUIRE(migration.number == static_cast<int>(numbers.size()));
        REQUIRE_FALSE(migration.sql.empty());
    }
    REQUIRE_FALSE(schema_is_current(db));
    REQUIRE_FALSE(migration_state(db).front().applied);
    REQUIRE(migrate(db) == numbers);
    REQUIRE(migrate(db).empty());
    REQUIRE(schema_is_current(db));
    for (const auto& state : migration_state(db)) {
        REQUIRE(state.applied);
    }
}

TEST_CASE_METHOD(Fresh, "eight concurrent migrations: one applies them, all succeed") {
    std::vector<std::thread> threads;
    std::atomic<int> applied = 0;
    std::atomic<int> failed = 0;
    for (int i = 0; i < 8; ++i) {
        threads.emplace_back([&] {
            try {
                Database own(dsn, "migrations-test", 1);
                applied += static_cast<int>(migrate(own).size());
            } catch (const std::exception&) {
                ++failed;
            }
        });
    }
    for (auto& thread : threads) {
        thread.join();
    }
    REQUIRE(failed == 0);
    REQUIRE(applied == static_cast<int>(embedded_migrations().size()));
}

TEST_CASE_METHOD(Fresh, "a migration that fails rolls back those before it") {
    const std::vector<Migration> broken{kFirst, {2, "0002_b.sql", "CREATE TABLE a.t (x int)"}};
    REQUIRE_THROWS_AS(migrate(db, broken), StatementError);
    REQUIRE(migrate(db, std::vector<Migration>{kFirst, kSecond}) == std::vector<int>{1, 2});
    REQUIRE(db.transact([](Txn& txn) { return txn.exec("SELECT * FROM a.t").size(); }) == 1);
}

TEST_CASE_METHOD(Fresh, "a database that cannot hold every text is refused, and nothing is created in it") {
    db.transact([](Txn& txn) {
        txn.exec(
            "UPDATE pg_database SET encoding = pg_char_to_encoding('LATIN1') WHERE datname = "
            "current_database()");
    });
    Database again(dsn, "migrations-test");
    REQUIRE_THROWS_AS(migrate(again), SchemaMismatch);
    REQUIRE_THROWS_AS(schema_is_current(again), SchemaMismatch);
    REQUIRE_THROWS_WITH(migrate(again), Catch::Contains("LATIN1"));
    REQUIRE_FALSE(migration_state(again).front().applied);
}

TEST_CASE_METHOD(Fresh, "later migrations are applied; a changed or a newer one is refused and named") {
    REQUIRE(migrate(db, std::vector<Migration>{kFirst}) == std::vector<int>{1});
    REQUIRE(migrate(db, std::vector<Migration>{kFirst, kSecond}) == std::vector<int>{2});
    const std::vector<Migration> changed{kFirst, {2, "0002_b.sql", "INSERT INTO a.t VALUES (2)"}};
    REQUIRE_THROWS_AS(migrate(db, changed), SchemaMismatch);
    REQUIRE_THROWS_WITH(migrate(db, changed), Catch::Contains("0002_b.sql"));
    REQUIRE_THROWS_AS(migrate(db, std::vector<Migration>{kFirst}), SchemaMismatch);
    REQUIRE_THROWS_AS(migrate(db, std::vector<Migration>{kSecond}), SchemaMismatch);
    REQUIRE_THROWS_AS(schema_is_current(db), SchemaMismatch);
}

TEST_CASE_METHOD(Fresh, "the embedded schema refuses addresses and hashes of a wrong length") {
    migrate(db);
    const auto refuses = [&](const std::string& sql) {
        INFO(sql);
        REQUIRE_THROWS_AS(db.transact([&](Txn& txn) { txn.exec_script(sql); }), ConstraintViolation);
    };
    refuses("INSERT INTO chain.wallet (chain_id, address) VALUES (97, '\\x00')");
    refuses("INSERT INTO chain.cursor (stream, number, hash) VALUES ('s', 1, '\\x00')");
    refuses("INSERT INTO bus.outbox (owner, subject, message_id, body) VALUES ('o', 's', '', '')");
}
