#include "store/database.hpp"

#include <atomic>
#include <catch2/catch.hpp>
#include <thread>

#include "testkit/patience.hpp"
#include "testkit/servers.hpp"

using namespace lamda;
using namespace lamda::store;

namespace {

/// One server for the file; a fresh database for each case.
struct Fixture {
    static testkit::PostgresServer& server() {
        static testkit::TempDir dir("store");
        static testkit::PostgresServer server(dir.path());
        return server;
    }
    static std::string fresh() {
        static std::atomic<int> count = 0;
        return server().create_database("store_" + std::to_string(++count));
    }
    Database db{fresh(), "store-test", 4};
};

}  // namespace

TEST_CASE_METHOD(Fixture, "every type is read back unchanged") {
    Bytes bytes;
    for (int i = 0; i < 256; ++i) {
        bytes.push_back(static_cast<std::uint8_t>(i));
    }
    const auto address = *Address::parse("0x00000000000000000000000000000000000000ff");
    const U256 most = ~U256(0);
    const auto at = *parse_rfc3339("2026-11-20T10:00:00.123Z");
    const std::string text = "tab\t, \\ backslash, 'quote', \"double\", newline\n, ünï€";
    const auto row = db.transact([&](Txn& txn) {
        return txn.one(
            "SELECT $1::boolean b, $2::int i, $3::bigint l, $4::numeric u, $5::text t, $6::bytea y, "
            "$7::bytea a,"
            "$8::numeric(78,0) w, $9::timestamptz s, $10::text n, $11::timestamptz whole, $12::bytea empty",
            {true, -7, std::int64_t(-5'000'000'000), std::uint64_t(18'446'744'073'709'551'615ULL), text,
             bytes, address, most, at, std::nullopt, from_unix_seconds(1'700'000'000), Bytes{}});
    });
    REQUIRE(row.get<bool>("b"));
    REQUIRE(row.get<int>("i") == -7);
    REQUIRE(row.get<std::int64_t>("l") == -5'000'000'000);
    REQUIRE(row.get<std::uint64_t>("u") == 18'446'744'073'709'551'615ULL);
    REQUIRE(row.get<std::string>("t") == text);
    REQUIRE(row.get<Bytes>("y") == bytes);
    REQUIRE(row.get<Address>("a") == address);
    REQUIRE(row.get<U256>("w") == most);
    REQUIRE(row.get<Timestamp>("s") == at);
    REQUIRE(row.is_null("n"));
    REQUIRE(row.maybe<std::string>("n") == std::nullopt);
    REQUIRE(row.get<Timestamp>("whole") == from_unix_seconds(1'700'000'000));
    REQUIRE(row.get<Bytes>("empty").empty());
}

TEST_CASE_METHOD(Fixture, "reading a column as a wrong type is a StatementError that names the column") {
    const auto row = db.transact(
        [](Txn& txn) { return txn.one("SELECT 'x' AS word, NULL AS nothing, '\\x00'::bytea AS short"); });
    REQUIRE_THROWS_AS(row.get<int>("word"), StatementError);
    REQUIRE_THROWS_WITH(row.get<int>("word"), Catch::Contains("word"));
    REQUIRE_THROWS_AS(row.get<std::string>("nothing"), StatementError);
    REQUIRE_THROWS_AS(row.get<Address>("short"), StatementError);
    REQUIRE_THROWS_AS(row.get<U256>("word"), StatementError);
    REQUIRE_THROWS_AS(row.get<Timestamp>("word"), StatementError);
    REQUIRE_THROWS_AS(row.get<std::string>("absent"), StatementError);
    REQUIRE_THROWS_AS(db.transact([](Txn& txn) { txn.one("SELECT 1 WHERE false"); }), StatementError);
    REQUIRE_THROWS_AS(db.transact([](Txn& txn) { txn.exec("SELECT $1::text", {std::string("a\0b", 3)}); }),
                      StatementError);
}

TEST_CASE_METHOD(Fixture, "a transaction whose function throws changes nothing, and the pool stays usable") {
    db.transact([](Txn& txn) {
        txn.exec_script("CREATE TABLE t (x int UNIQUE CHECK (x < 10)); INSERT INTO t VALUES (1)");
    });
    for (int i = 0; i < 20; ++i) {
        REQUIRE_THROWS_AS(db.transact([](Txn& txn) {
            REQUIRE(txn.exec("INSERT INTO t VALUES (2)").affected() == 1);
            throw std::logic_error("no");
        }),
                          std::logic_error);
    }
    REQUIRE(db.transact([](Txn& txn) { return txn.exec("SELECT x FROM t").size(); }) == 1);
    try {
        db.transact([](Txn& txn) { txn.exec("INSERT INTO t VALUES (1)"); });
        FAIL("a duplicate was accepted");
    } catch (const ConstraintViolation& error) {
        REQUIRE(error.constraint() == "t_x_key");
    }
    try {
        db.transact([](Txn& txn) { txn.exec("INSERT INTO t VALUES (11)"); });
        FAIL("a forbidden value was accepted");
    } catch (const ConstraintViolation& error) {
        REQUIRE(error.constraint() == "t_x_check");
    }
    REQUIRE_THROWS_AS(db.transact([](Txn& txn) { txn.exec("SELEC 1"); }), StatementError);
    REQUIRE_THROWS_AS(db.transact([](Txn& txn) { txn.exec("SELECT * FROM absent"); }), StatementError);
    REQUIRE_THROWS_AS(db.transact([](Txn& txn) { txn.exec("SELECT 1 / $1::int", {0}); }), StatementError);
    db.ping();
}

TEST_CASE_METHOD(Fixture, "a statement is prepared once per connection, and survives a change of the table") {
    db.transact([](Txn& txn) { txn.exec_script("CREATE TABLE t (x int); INSERT INTO t VALUES (1)"); });
    const auto count = [&](Txn& txn) {
        return txn
            .one(
                "SELECT count(*)::int AS n FROM pg_prepared_statements WHERE statement LIKE 'SELECT * FROM "
                "t%'")
            .get<int>("n");
    };
    for (int i = 0; i < 5; ++i) {
        REQUIRE(db.transact([&](Txn& txn) {
            txn.exec("SELECT * FROM t WHERE x = $1", {1});
            return count(txn);
        }) == 1);
    }
    db.transact([](Txn& txn) { txn.exec_script("ALTER TABLE t ADD COLUMN y text DEFAULT 'new'"); });
    REQUIRE(db.transact([](Txn& txn) {
        return txn.one("SELECT * FROM t WHERE x = $1", {1}).get<std::string>("y");
    }) == "new");
    // A statement that fails at run time stays prepared, and its session stays open.
    const auto session = [&] {
        return db.transact([](Txn& txn) { return txn.one("SELECT pg_backend_pid() AS p").get<int>("p"); });
    };
    const int before = session();
    for (int i = 0; i < 3; ++i) {
        REQUIRE_THROWS_AS(db.transact([](Txn& txn) { txn.exec("SELECT 1 / $1::int", {0}); }), StatementError);
        REQUIRE_THROWS_AS(db.transact([](Txn& txn) { txn.exec("SELECT absent FROM t"); }), StatementError);
    }
    REQUIRE(session() == before);
    // More texts than the limit of prepared statements.
    db.transact([](Txn& txn) {
        for (int i = 0; i < 300; ++i) {
            REQUIRE(txn.one("SELECT $1::int AS n, " + std::to_string(i) + " AS m", {i}).get<int>("n") == i);
        }
    });
}

TEST_CASE_METHOD(Fixture, "two transactions that deadlock both complete") {
    db.transact([](Txn& txn) {
        txn.exec_script(
            "CREATE TABLE t (id int PRIMARY KEY, n int NOT NULL); INSERT INTO t VALUES (1, 0), (2, 0)");
    });
    std::atomic<int> runs = 0;
    std::atomic<int> holding = 0;
    const auto both = [&](int first, int second) {
        db.transact([&](Txn& txn) {
            ++runs;
            txn.exec("SET LOCAL deadlock_timeout = '50ms'");
            txn.exec("UPDATE t SET n = n + 1 WHERE id = $1", {first});
            ++holding;
            testkit::wait_until([&] { return holding >= 2; });
            txn.exec("UPDATE t SET n = n + 1 WHERE id = $1", {second});
        });
    };
    std::thread other([&] { both(2, 1); });
    both(1, 2);
    other.join();
    REQUIRE(runs >= 3);
    REQUIRE(db.transact([](Txn& txn) { return txn.one("SELECT min(n) AS n FROM t").get<int>("n"); }) == 2);
}

TEST_CASE_METHOD(Fixture, "a conflict that never ends is thrown after ten attempts") {
    int runs = 0;
    REQUIRE_THROWS_AS(db.transact([&](Txn& txn) {
        ++runs;
        txn.exec_script("DO $$ BEGIN RAISE EXCEPTION 'again' USING ERRCODE = '40001'; END $$");
    }),
                      Conflict);
    REQUIRE(runs == 10);
}

TEST_CASE_METHOD(Fixture, "more threads than connections share the pool") {
    db.transact([](Txn& txn) { txn.exec_script("CREATE TABLE t (n int); INSERT INTO t VALUES (0)"); });
    std::vector<std::thread> threads;
    for (int i = 0; i < 16; ++i) {
        threads.emplace_back([&] {
            for (int j = 0; j < 25; ++j) {
                db.transact([](Txn& txn) { txn.exec("UPDATE t SET n = n + 1"); });
            }
        });
    }
    for (auto& thread : threads) {
        thread.join();
    }
    REQUIRE(db.transact([](Txn& txn) { return txn.one("SELECT n FROM t").get<int>("n"); }) == 400);
    REQUIRE(db.transact([](Txn& txn) {
        return txn
            .one(
                "SELECT count(*)::int AS n FROM pg_stat_activity WHERE application_name = 'store-test' "
                "AND datname = current_database()")
            .get<int>("n");
    }) <= 4);
}

TEST_CASE("a server that stops and restarts: Unavailable meanwhile, then usable") {
    testkit::TempDir dir("store-restart");
    testkit::PostgresServer server(dir.path());
    Database db(server.dsn(), "store-test", 2);
    db.transact([](Txn& txn) { txn.exec_script("CREATE TABLE t (n int)"); });
    server.kill();
    REQUIRE_THROWS_AS(db.ping(), Unavailable);
    server.start();
    // The pool's idle connection is dead; ping() must recover from it.
    db.ping();
    // Cut during the work: Unavailable, and nothing is written.
    int runs = 0;
    REQUIRE_THROWS_AS(db.transact([&](Txn& txn) {
        ++runs;
        txn.exec("INSERT INTO t VALUES (1)");
        server.stop();
        txn.exec("INSERT INTO t VALUES (2)");
    }),
                      Unavailable);
    server.start();
    REQUIRE(db.transact([](Txn& txn) { return txn.exec("SELECT * FROM t").size(); }) == 0);
    // Cut between the work and COMMIT: the outcome is unknown.
    REQUIRE_THROWS_AS(db.transact([&](Txn& txn) {
        txn.exec("INSERT INTO t VALUES (1)");
        server.kill();
    }),
                      InDoubt);
    server.start();
    db.ping();
}

TEST_CASE_METHOD(Fixture, "a statement beyond its timeout is cancelled, and its connection stays in use") {
    const auto dsn = fresh();
    Database readers(dsn, "store-test", 1, {Millis(5'000), true});  // the other statements take less
    const auto pid = [&] {
        return readers.transact(
            [](Txn& txn) { return txn.one("SELECT pg_backend_pid() AS n").get<int>("n"); });
    };
    const int before = pid();
    REQUIRE_THROWS_AS(readers.transact([](Txn& txn) { txn.exec("SELECT pg_sleep(600)"); }), Exhausted);
    REQUIRE(pid() == before);
    const auto row = readers.transact([](Txn& txn) {
        return txn.one(
            "SELECT current_setting('jit') AS jit, current_setting('max_parallel_workers_per_gather') "
            "AS workers");
    });
    REQUIRE(row.get<std::string>("jit") == "off");
    REQUIRE(row.get<std::string>("workers") == "0");
}

TEST_CASE_METHOD(Fixture, "a full disk is Exhausted, and the ping fails until a write succeeds") {
    const auto dsn = fresh();
    Database full(dsn, "store-test", 1);
    const auto fails_with = [&](const std::string& state) {
        full.transact([&](Txn& txn) {
            txn.exec_script("DO $$ BEGIN RAISE EXCEPTION 'could not extend file' USING ERRCODE = '" + state +
                            "'; END $$");
        });
    };
    for (const char* state : {"53100", "53200", "25006"}) {
        REQUIRE_THROWS_AS(fails_with(state), Exhausted);
        full.ping();
    }
    // The probe gets the error of a read-only server: PostgreSQL cannot simulate a full disk.
    full.transact([](Txn& txn) { txn.exec_script("SET default_transaction_read_only = on"); });
    full.ping();  // no failure yet: reading is enough
    REQUIRE_THROWS_AS(fails_with("53100"), Exhausted);
    REQUIRE_THROWS_AS(full.ping(), Exhausted);
    REQUIRE_THROWS_AS(full.ping(), Exhausted);
    full.transact([](Txn& txn) { txn.exec_script("SET default_transaction_read_only = off"); });
    full.ping();
}

TEST_CASE("no error quotes the DSN") {
    const std::string port = std::to_string(testkit::free_port());
    for (const std::string& dsn : {"postgres://someone:hunter2@127.0.0.1:" + port + "/db",
                                   "host=127.0.0.1 port=" + port + " user=someone password=hunter2",
                                   std::string("postgres://someone:hunter2@127.0.0.1:notaport/db"),
                                   std::string("host=127.0.0.1 hunter2"), std::string("hunter2"),
                                   std::string("postgres://u:p@127.0.0.1/db?nonsense=hunter2")}) {
        Database db(dsn, "store-test");
        try {
            db.ping();
            FAIL("connected to nothing");
        } catch (const Unavailable& error) {
            INFO(error.what());
            REQUIRE(std::string(error.what()).find("hunter2") == std::string::npos);
        }
    }
}

TEST_CASE_METHOD(Fixture, "a listener is notified of commits, and of its own reconnection") {
    const Millis soon = Millis(10'000) * testkit::patience();
    Listener listener(db, {"changes", "other"});
    REQUIRE_FALSE(listener.wait(Millis(50)));
    REQUIRE_THROWS(db.transact([](Txn& txn) {
        txn.notify("changes");
        throw std::runtime_error("rolled back");
    }));
    REQUIRE_FALSE(listener.wait(Millis(50)));
    db.transact([](Txn& txn) { txn.notify("other", "payload"); });
    REQUIRE(listener.wait(soon));
    std::thread later([&] { db.transact([](Txn& txn) { txn.notify("changes"); }); });
    REQUIRE(listener.wait(soon));
    later.join();
    const auto cut = [&] {
        return db.transact([](Txn& txn) {
            return txn
                .exec(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                    "WHERE application_name = 'lamda-listener' AND datname = current_database()")
                .size();
        });
    };
    REQUIRE(cut() == 1);
    REQUIRE(listener.wait(soon));  // the loss
    REQUIRE(listener.wait(soon));  // the reconnection
    db.transact([](Txn& txn) { txn.notify("changes"); });
    REQUIRE(listener.wait(soon));
}
