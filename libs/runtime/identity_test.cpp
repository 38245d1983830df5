#include "runtime/identity.hpp"

#include <atomic>
#include <catch2/catch.hpp>
#include <thread>

#include "store/migrations.hpp"
#include "testkit/servers.hpp"

using namespace lamda;
using namespace lamda::runtime;

namespace {

Address address(std::uint8_t last) {
    Address out;
    out.array()[19] = last;
    return out;
}

IdentityClaim claim() {
    return {
        "dispatcher:bsc", ChainId{97}, address(1), BlockNum{40}, {"CHAIN", "CONTRACT", "START"}, {}, false};
}

StreamRecord record(const std::string& stream = "dispatcher:bsc") {
    return {stream, ChainId{97}, {address(1)}, BlockNum{40}};
}

void put_stream(store::Database& database, const std::string& stream, bool has_begun,
                std::uint64_t chain = 97) {
    database.transact([&](store::Txn& txn) {
        txn.exec(
            "INSERT INTO chain.cursor (stream, chain_id, contracts, number, hash, start_block) "
            "VALUES ($1, $2, $3, CASE WHEN $4 THEN 50 END, CASE WHEN $4 THEN sha256('') END, 40) "
            "ON CONFLICT (stream) DO UPDATE SET number = excluded.number, hash = excluded.hash",
            {stream, chain, address(1), has_begun});
    });
}

}  // namespace

TEST_CASE("settings are compared with the records of the chain's streams, each reported by its name") {
    CHECK(contradiction(claim(), {}).empty());
    CHECK(contradiction(claim(), {record()}).empty());
    SECTION("an absent setting matches any record") {
        auto any = claim();
        any.chain_id.reset();
        any.start_block.reset();
        auto other = record();
        other.chain_id = ChainId{56};
        other.start_block = BlockNum{7};
        CHECK(contradiction(any, {other}).empty());
    }
    SECTION("another chain") {
        auto other = record();
        other.chain_id = ChainId{56};
        CHECK(contradiction(claim(), {other}) ==
              "CHAIN: the database holds what stream dispatcher:bsc has read from chain 56, not from chain "
              "97: set "
              "56, or use another database (DATABASE_URL)");
    }
    SECTION("another contract") {
        auto other = record();
        other.contracts = {address(2)};
        const auto wrong = contradiction(claim(), {other});
        CHECK_THAT(wrong, Catch::StartsWith(
                              "CONTRACT: the database holds what stream dispatcher:bsc has read from " +
                              address(2).hex() + ", not from " + address(1).hex()));
    }
    SECTION("another start block, higher or lower") {
        for (const BlockNum begun : {BlockNum{39}, BlockNum{41}}) {
            auto other = record();
            other.start_block = begun;
            CHECK_THAT(contradiction(claim(), {other}), Catch::StartsWith("START: "));
        }
        auto before_it_was_recorded = record();
        before_it_was_recorded.start_block.reset();
        CHECK(contradiction(claim(), {before_it_was_recorded}).empty());
    }
    SECTION("a stream of another service on the same chain: chain and contract, but not the start block") {
        auto sibling = record("reputation:bsc");
        sibling.start_block = BlockNum{1};
        CHECK(contradiction(claim(), {record(), sibling}).empty());
        sibling.contracts = {address(3)};
        CHECK_THAT(contradiction(claim(), {record(), sibling}), Catch::Contains("reputation:bsc"));
        CHECK_THAT(contradiction(claim(), {sibling}), Catch::Contains("reputation:bsc"));
    }
}

TEST_CASE("the records are those of begun streams of the same chain") {
    testkit::TempDir dir("identity");
    testkit::PostgresServer postgres(dir.path());
    store::Database database(postgres.create_database("lamda"), "test", 2);
    store::migrate(database);
    const auto records = [&] {
        return database.transact([](store::Txn& txn) { return read_stream_records(txn, "dispatcher:bsc"); });
    };
    put_stream(database, "dispatcher:bsc", false);
    CHECK(records().empty());
    put_stream(database, "dispatcher:bsc", true);
    put_stream(database, "reputation:bsc", true, 98);
    put_stream(database, "registry:opbnb", true, 204);
    const auto found = records();
    REQUIRE(found.size() == 2);
    CHECK(found[0].stream == "dispatcher:bsc");
    CHECK(found[0].chain_id == ChainId{97});
    CHECK(found[0].contracts == std::vector{address(1)});
    CHECK(found[0].start_block == BlockNum{40});
    CHECK(found[1].stream == "reputation:bsc");
}

TEST_CASE("a process waits until the stream has begun, and ends with 78 if its record contradicts") {
    testkit::TempDir dir("identity");
    testkit::PostgresServer postgres(dir.path());
    store::Database database(postgres.create_database("lamda"), "test", 2);
    store::migrate(database);
    CommonConfig common;
    common.bind_address = "127.0.0.1";
    App app("identity-test", common);
    auto said = claim();
    bool fits = true;
    std::atomic<int> asked = 0;
    SECTION("the same") {}
    SECTION("the same, ready meanwhile") {
        said.works_unrecorded = true;
    }
    SECTION("another chain") {
        said.chain_id = ChainId{56};
        fits = false;
    }
    SECTION("endpoints of another chain, repeatedly") {
        said.ask_endpoints = [&](ChainId recorded) {
            ++asked;
            throw ConfigError("RPC: not chain " + std::to_string(recorded.value));
        };
        fits = false;
    }
    SECTION("endpoints that were of another chain for a moment") {
        said.ask_endpoints = [&](ChainId) {
            if (++asked == 1) {
                throw ConfigError("RPC: another chain");
            }
        };
    }
    const Identity identity(app, database, {said});
    std::atomic<bool> worked = false;
    app.loop("work", identity.after_proof([&](const std::stop_token&) {
        worked = true;
        if (fits && !said.ask_endpoints) {
            app.request_stop(0);
        }
    }));
    std::jthread rest([&](const std::stop_token& stop) {
        const bool waiting = testkit::wait_until([&] {
            const auto checks = app.health().checks();
            return checks.at("identity").detail.find("has not begun") != std::string::npos &&
                   checks.at("identity").ok == said.works_unrecorded;
        });
        CHECK(waiting);
        CHECK_FALSE(worked);
        CHECK_FALSE(identity.proven());
        put_stream(database, "dispatcher:bsc", true);
        if (fits && said.ask_endpoints) {
            CHECK(testkit::wait_until([&] { return asked == 2 || stop.stop_requested(); }));
            app.request_stop(0);
        }
    });
    CHECK(app.run() == (fits ? 0 : 78));
    CHECK(worked == (fits || said.ask_endpoints));
}
