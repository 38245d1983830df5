#include <catch2/catch.hpp>
#include <thread>

#include "store/database.hpp"
#include "testkit/servers.hpp"

using namespace lamda;
using namespace lamda::store;

namespace {

struct Fixture {
    static testkit::PostgresServer& server() {
        static testkit::TempDir dir("copy");
        static testkit::PostgresServer server(dir.path());
        return server;
    }
    static std::string fresh() {
        static int count = 0;
        return server().create_database("copy_" + std::to_string(++count));
    }
    Database db{fresh(), "copy-test", 4};
};

}  // namespace

TEST_CASE_METHOD(Fixture, "COPY carries every character and NULL into a table of a schema") {
    const std::vector<std::string> texts{"plain",       "",    "tab\t", "line\nbreak\r",
                                         "back\\slash", "\\N", "ü€",    "\v\b\f"};
    const std::vector<std::string> columns{"id", "word", "raw"};
    db.transact([&](Txn& txn) {
        txn.exec_script("CREATE SCHEMA s; CREATE TABLE s.t (id int, word text, raw bytea)");
        txn.copy("s.t", columns, [&](RowWriter& out) {
            for (std::size_t i = 0; i < texts.size(); ++i) {
                out.row(i, texts[i], Bytes{0x00, 0xff});
            }
            out.row(1'000, std::nullopt, std::optional<Bytes>());
        });
        txn.copy("s.t", columns, [](RowWriter&) {});
        const auto got = txn.exec("SELECT * FROM s.t ORDER BY id");
        REQUIRE(got.size() == texts.size() + 1);
        for (std::size_t i = 0; i < texts.size(); ++i) {
            REQUIRE(got[i].get<std::string>("word") == texts[i]);
            REQUIRE(got[i].get<Bytes>("raw") == Bytes{0x00, 0xff});
        }
        REQUIRE(got[texts.size()].is_null("word"));
        REQUIRE(got[texts.size()].is_null("raw"));
    });
    REQUIRE_THROWS_AS(db.transact([](Txn& txn) {
        txn.copy("s.t", {"id"}, [](RowWriter& out) { out.row("not a number"); });
    }),
                      StatementError);
    REQUIRE_THROWS_AS(
        db.transact([](Txn& txn) { txn.copy("s.t", {"id"}, [](RowWriter& out) { out.row(1, 2); }); }),
        std::logic_error);
    db.ping();
}

TEST_CASE_METHOD(Fixture, "a COPY of several pieces stores each row once, in order, with unchanged values") {
    constexpr std::uint64_t kRows = 5'000;
    const auto at = parse_rfc3339("2026-11-20T10:00:00.123Z").value();
    const U256 most = ~U256(0);
    db.transact([&](Txn& txn) {
        txn.exec_script(
            "CREATE TABLE t (place bigserial, n bigint, yes boolean, wei numeric(78, 0), at timestamptz, "
            "hash bytea)");
        txn.copy("t", {"n", "yes", "wei", "at", "hash"}, [&](RowWriter& out) {
            for (std::uint64_t i = 0; i < kRows; ++i) {
                Bytes32 hash;
                hash.array()[31] = static_cast<std::uint8_t>(i);
                out.row(BlockNum{i}, i % 2 == 1, i == 7 ? most : U256(i), at, hash);
            }
        });
        const auto wrong = txn.one(
            "SELECT count(*) FILTER (WHERE n <> place - 1 OR yes <> (n % 2 = 1) "
            "OR at <> $1 OR get_byte(hash, 31) <> n % 256 OR (n <> 7 AND wei <> n)) AS wrong, "
            "count(*) AS n FROM t",
            {at});
        CHECK(wrong.get<std::uint64_t>("wrong") == 0);
        CHECK(wrong.get<std::uint64_t>("n") == kRows);
        CHECK(txn.one("SELECT wei FROM t WHERE n = 7").get<U256>("wei") == most);
    });
}

TEST_CASE_METHOD(Fixture, "rows are encoded by one thread and written by another, repeatedly if needed") {
    constexpr std::uint64_t kRows = 5'000;  // more than one piece
    const auto shape = db.transact([](Txn& txn) {
        txn.exec_script("CREATE TABLE t (place bigserial, n bigint, body jsonb)");
        return txn.copy_shape("t", {"n", "body"});
    });
    CHECK((shape.types == std::vector<ColumnType>{ColumnType::kBigint, ColumnType::kJson}));
    EncodedRows rows(shape);
    std::thread([&] {
        for (std::uint64_t i = 0; i < kRows; ++i) {
            rows.row(i, R"({"n": )" + std::to_string(i) + "}");
        }
    }).join();
    CHECK_THROWS_AS(db.transact([&](Txn& txn) {
        txn.copy(rows);
        throw std::out_of_range("rolled back");
    }),
                    std::out_of_range);
    db.transact([&](Txn& txn) {
        txn.copy(rows);
        txn.copy(EncodedRows(shape));
        const auto got = txn.one(
            "SELECT count(*) AS n, count(*) FILTER (WHERE n = (body->>'n')::bigint) AS right, "
            "bool_and(n = place - (SELECT min(place) FROM t)) AS ordered FROM t");
        CHECK(got.get<std::uint64_t>("n") == kRows);
        CHECK(got.get<std::uint64_t>("right") == kRows);
        CHECK(got.get<bool>("ordered"));
    });
    CHECK_THROWS_AS(rows.row(1), std::logic_error);
    db.transact([](Txn& txn) { txn.exec_script("CREATE UNIQUE INDEX once ON t (n)"); });
    try {
        db.transact([&](Txn& txn) { txn.copy(rows); });
        FAIL("twice");
    } catch (const ConstraintViolation& violation) {
        CHECK(violation.constraint() == "once");
    }
    db.ping();
}

TEST_CASE_METHOD(Fixture, "deferred ids are filled in before the rows are sent, and can be filled in again") {
    const auto shape = db.transact([](Txn& txn) {
        txn.exec_script("CREATE TABLE t (a bigint, word text, b bigint, c int)");
        return txn.copy_shape("t", {"a", "word", "b"});
    });
    EncodedRows rows(shape);
    rows.row(DeferredId{}, "first", 7);
    rows.row(1, "second", DeferredId{});
    rows.row(DeferredId{}, "third", DeferredId{});
    CHECK_THROWS_AS(rows.fill({1, 2, 3}), std::logic_error);
    for (const std::int64_t base : {100LL, -5'000'000'000LL}) {
        rows.fill({base, base + 1, base + 2, base + 3});
        db.transact([&](Txn& txn) {
            txn.exec("DELETE FROM t");
            txn.copy(rows);
            CHECK(txn.one("SELECT string_agg(concat_ws(' ', a - $1::bigint, word, b - $1::bigint), ', ' "
                          "ORDER BY "
                          "word) AS all FROM t",
                          {base})
                      .get<std::string>("all") == "0 first " + std::to_string(7 - base) + ", " +
                                                      std::to_string(1 - base) + " second 1, 2 third 3");
        });
    }
    CHECK_THROWS_AS(
        db.transact([](Txn& txn) { txn.copy("t", {"a"}, [](RowWriter& out) { out.row(DeferredId{}); }); }),
        std::logic_error);
    CHECK_THROWS_AS(
        EncodedRows(db.transact([](Txn& txn) { return txn.copy_shape("t", {"c"}); })).row(DeferredId{}),
        StatementError);
}

TEST_CASE_METHOD(Fixture, "COPY writes a number into every numeric type that can hold it") {
    const U256 most = ~U256(0);
    const std::vector<U256> amounts{0,
                                    1,
                                    9'999,
                                    10'000,
                                    10'001,
                                    100'000'000,
                                    1'234'500'000'000,
                                    most,
                                    U256(1) << 64,
                                    (U256(1) << 64) * 10'000};
    const std::vector<std::int64_t> numbers{0, -1, 7, -10'000, 2'147'483'647, -2'147'483'648};
    db.transact([&](Txn& txn) {
        txn.exec_script(
            "CREATE TABLE t (place bigserial, small int, large bigint, wei numeric(78, 0), as_text text, "
            "body jsonb)");
        txn.copy("t", {"wei", "as_text", "body"}, [&](RowWriter& out) {
            for (const auto& amount : amounts) {
                out.row(amount, to_decimal(amount), R"({"a": "\u00e9", "b": [1, null]})");
            }
        });
        txn.copy("t", {"small", "large", "wei", "as_text"}, [&](RowWriter& out) {
            for (const auto number : numbers) {
                out.row(number, number, number, std::to_string(number));
            }
        });
        // Checks the printed form too: no scale, no exponent.
        const auto row = txn.one(
            "SELECT count(*) FILTER (WHERE wei::text <> as_text OR small::text <> as_text OR large::text <> "
            "as_text) "
            "AS wrong, count(*) AS n, count(*) FILTER (WHERE body->>'a' = 'é' AND body->'b'->0 = '1') AS "
            "bodies "
            "FROM t");
        CHECK(row.get<std::size_t>("wrong") == 0);
        CHECK(row.get<std::size_t>("n") == amounts.size() + numbers.size());
        CHECK(row.get<std::size_t>("bodies") == amounts.size());
    });
}

TEST_CASE_METHOD(Fixture,
                 "a cell that its column cannot hold fails the whole COPY, and the session stays usable") {
    db.transact([](Txn& txn) {
        txn.exec_script("CREATE TABLE t (small int, large bigint, word text UNIQUE, body jsonb, kind point)");
    });
    const auto refused = [&](const std::string& column, const auto& cell) {
        CHECK_THROWS_AS(db.transact([&](Txn& txn) {
            txn.copy("t", {column}, [&](RowWriter& out) {
                out.row(std::nullopt);
                out.row(cell);
            });
        }),
                        StatementError);
    };
    refused("small", std::int64_t{2'147'483'648});
    refused("small", std::string("1"));
    refused("large", std::uint64_t{1} << 63);
    refused("large", U256(1) << 64);
    refused("word", 1);
    refused("word", Bytes{1});
    refused("word", std::string("a\0b", 3));
    refused("word", std::string("\xff"));
    refused("body", std::string("{"));
    refused("kind", 1);
    refused("absent", 1);
    CHECK_THROWS_AS(db.transact([](Txn& txn) {
        txn.copy("t", {"word"}, [](RowWriter& out) {
            out.row("twice");
            out.row("twice");
        });
    }),
                    ConstraintViolation);
    CHECK_THROWS_AS(db.transact([](Txn& txn) {
        txn.copy("t", {"word"}, [](RowWriter& out) {
            out.row("half");
            throw std::out_of_range("in the middle");
        });
    }),
                    std::out_of_range);
    CHECK(db.transact([](Txn& txn) { return txn.one("SELECT count(*) AS n FROM t").get<int>("n"); }) == 0);
}

TEST_CASE_METHOD(Fixture, "a server that dies during a COPY is Unavailable, and usable after its restart") {
    db.transact([](Txn& txn) { txn.exec_script("CREATE TABLE t (n bigint)"); });
    CHECK_THROWS_AS(db.transact([&](Txn& txn) {
        const auto pid = txn.one("SELECT pg_backend_pid() AS pid").get<int>("pid");
        txn.copy("t", {"n"}, [&](RowWriter& out) {
            db.transact([&](Txn& other) { other.exec("SELECT pg_terminate_backend($1)", {pid}); });
            for (int i = 0; i < 1'000'000; ++i) {
                out.row(i);
            }
        });
    }),
                    Unavailable);
    CHECK(db.transact([](Txn& txn) { return txn.one("SELECT count(*) AS n FROM t").get<int>("n"); }) == 0);
}

TEST_CASE_METHOD(Fixture,
                 "many rows are merged by one statement, repeatedly in a transaction, without leftovers") {
    db.transact([](Txn& txn) {
        txn.exec_script(
            "CREATE TABLE t (id int PRIMARY KEY, word text NOT NULL); INSERT INTO t VALUES (1, 'old')");
    });
    const auto put = [](Txn& txn, const std::string& word) {
        return txn
            .merge("t", {"id", "word"},
                   "INSERT INTO t SELECT id, word FROM pg_temp.incoming "
                   "ON CONFLICT (id) DO UPDATE SET word = excluded.word",
                   [&](RowWriter& out) {
                       out.row(1, word);
                       out.row(2, word);
                   })
            .affected();
    };
    for (const auto* word : {"a", "b"}) {  // the second one on a session that has prepared the statement
        db.transact([&](Txn& txn) {
            CHECK(put(txn, "first") == 2);
            CHECK(put(txn, word) == 2);
        });
        db.transact([&](Txn& txn) {
            CHECK(txn.one("SELECT count(*) AS n FROM t WHERE word = $1", {word}).get<int>("n") == 2);
            CHECK(txn.one("SELECT count(*) AS n FROM pg_class WHERE relname = 'incoming'").get<int>("n") ==
                  0);
        });
    }
    REQUIRE_THROWS_AS(db.transact([&](Txn& txn) {
        put(txn, "lost");
        throw std::runtime_error("rolled back");
    }),
                      std::runtime_error);
    db.transact([&](Txn& txn) { CHECK(put(txn, "kept") == 2); });
}
