#include "pgingest/pg_stream_memory.hpp"

#include "testkit/pipeline_database.hpp"

using namespace lamda;
using namespace lamda::pgingest;
using State = rpcpool::EndpointNote::State;

namespace {

constexpr auto kStream = "dispatcher:bsc";

rpcpool::EndpointNote endpoint(std::uint8_t n) {
    rpcpool::EndpointNote out;
    out.id.array()[0] = n;
    out.name = "https://node" + std::to_string(n) + ".example";
    return out;
}

struct Fixture : testkit::TestDatabase {
    PgStreamMemory memory{db, kStream};
    Timestamp at = from_unix_seconds(1'700'000'000);

    std::vector<std::string> shown() {
        return db.transact([](store::Txn& txn) {
            std::vector<std::string> out;
            for (const auto& row : txn.exec("SELECT name FROM api.stream_endpoint WHERE stream = $1 "
                                            "ORDER BY name",
                                            {kStream})) {
                out.push_back(row.get<std::string>("name"));
            }
            return out;
        });
    }
};

}  // namespace

TEST_CASE_METHOD(Fixture, "a stream reads back the notes of its own endpoints only") {
    REQUIRE(memory.endpoints().empty());
    auto good = endpoint(1);
    good.state = State::kGood;
    good.max_range = 5'000;
    good.head = BlockNum{100};
    good.head_at = at;
    auto resting = endpoint(2);
    resting.state = State::kResting;
    resting.last_error = "429: come back in 3 s";
    resting.answers_logs = false;
    auto excluded = endpoint(3);
    excluded.state = State::kExcluded;
    memory.remember({good, resting, excluded, endpoint(4)}, BlockNum{100}, at);
    REQUIRE(memory.endpoints() == std::vector{good, resting, excluded, endpoint(4)});
    REQUIRE(PgStreamMemory(db, "registry:opbnb").endpoints().empty());

    good.max_range = 10'000;
    good.state = State::kResting;
    good.last_error = "timed out";
    memory.remember({good}, BlockNum{101}, at);
    REQUIRE(memory.endpoints() == std::vector{good, resting, excluded, endpoint(4)});
}

TEST_CASE_METHOD(
    Fixture,
    "api.stream_endpoint shows the endpoints in use; notes of a removed one are deleted after 30 days") {
    memory.remember({endpoint(1), endpoint(2)}, BlockNum{5}, at);
    REQUIRE(shown().size() == 2);
    memory.remember({endpoint(2)}, BlockNum{6}, at);
    REQUIRE(shown() == std::vector<std::string>{"https://node2.example"});
    REQUIRE(memory.endpoints().size() == 2);
    db.transact([](store::Txn& txn) {
        txn.exec("UPDATE chain.endpoint SET noted_at = now() - interval '31 days' WHERE name LIKE '%node1%'");
    });
    memory.remember({endpoint(2)}, BlockNum{7}, at);
    REQUIRE(memory.endpoints() == std::vector{endpoint(2)});
}

TEST_CASE_METHOD(Fixture, "an endpoint's error text is stored in a form that the database accepts") {
    auto odd = endpoint(1);
    odd.last_error = std::string("\0\xff not text", 11) + std::string(10'000, 'x');
    memory.remember({odd}, BlockNum{5}, at);
    const auto kept = memory.endpoints().at(0).last_error;
    CHECK(kept.size() <= 1'024);
    CHECK(kept.find(" not text") != std::string::npos);
}

TEST_CASE_METHOD(Fixture, "api.stream shows the newest reported head with the cursor") {
    db.transact([](store::Txn& txn) {
        txn.exec("INSERT INTO chain.cursor (stream, chain_id) VALUES ($1, 97)", {kStream});
    });
    const auto look = [&](const char* column) {
        return db.transact([&](store::Txn& txn) {
            return txn.one("SELECT head, head_at FROM api.stream WHERE stream = $1", {kStream})
                .is_null(column);
        });
    };
    REQUIRE(look("head"));
    memory.remember({}, BlockNum{5}, at);
    memory.remember({}, BlockNum{4}, from_unix_seconds(1'700'000'003));  // a reorg's chain may be shorter
    const auto row = db.transact([&](store::Txn& txn) {
        return txn.one("SELECT head, head_at FROM api.stream WHERE stream = $1", {kStream});
    });
    CHECK(row.get<BlockNum>("head") == BlockNum{4});
    CHECK(row.get<Timestamp>("head_at") == from_unix_seconds(1'700'000'003));
}
