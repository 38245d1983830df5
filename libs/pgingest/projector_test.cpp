#include "pgingest/projector.hpp"

#include <atomic>
#include <catch2/catch.hpp>
#include <thread>

#include "testkit/pipeline_database.hpp"

using namespace lamda;
using namespace lamda::pgingest;

namespace {

/// Hash of block n on fork `f` of an invented chain; holds n and the fork.
BlockHash hash_of(std::uint64_t n, std::uint8_t fork = 0) {
    BlockHash out;
    out.array()[0] = static_cast<std::uint8_t>(n >> 8);
    out.array()[1] = static_cast<std::uint8_t>(n);
    out.array()[31] = fork;
    return out;
}

BlockRef ref(std::uint64_t n, std::uint8_t fork = 0) {
    return {BlockNum{n}, hash_of(n, fork)};
}

/// Blocks (from, to] of a fork, with all headers and one log in each block.
ingest::Batch blocks(std::optional<BlockRef> from, std::uint64_t to, std::uint64_t finalized,
                     std::uint8_t fork = 0) {
    ingest::Batch out;
    out.from = from;
    out.to = ref(to, fork);
    out.to_timestamp = 1'000 + to;
    for (std::uint64_t n = from ? from->number.value + 1 : to; n <= to; ++n) {
        out.headers.push_back({ref(n, fork), n == 0 ? BlockHash{} : hash_of(n - 1, fork), 1'000 + n});
        eth::Log log;
        log.block_num = BlockNum{n};
        log.block_hash = hash_of(n, fork);
        out.logs.push_back(log);
    }
    out.boundary = BlockNum{to > 2 ? to - 2 : 0};
    out.finalized = BlockNum{finalized};
    return out;
}

/// Keeps one row for each log, and records the state passed to each call.
class Rows final : public Projection {
  public:
    std::vector<StreamState> states;
    int heads_reached = 0;
    std::function<void()> before_return;

    void apply(store::Txn& txn, const ingest::Batch& batch, const StreamState& state) override {
        for (const auto& log : batch.logs) {
            txn.exec("INSERT INTO seen (number, hash) VALUES ($1, $2)", {log.block_num, log.block_hash});
        }
        states.push_back(state);
        if (before_return) {
            before_return();
        }
    }
    void unwind(store::Txn& txn, const ingest::Unwind& unwind, const StreamState& state) override {
        txn.exec("DELETE FROM seen WHERE number > $1", {unwind.to.number});
        states.push_back(state);
    }
    void boundary(store::Txn&, const StreamState& state) override { states.push_back(state); }
    void reached_head() override { ++heads_reached; }
};

struct Fixture : testkit::TestDatabase {
    Rows rows;
    Projector projector{db, "dispatcher:bsc", rows};

    Fixture() {
        db.transact([](store::Txn& txn) {
            txn.exec_script("CREATE TABLE seen (number bigint PRIMARY KEY, hash bytea)");
        });
    }
    std::vector<std::uint64_t> seen() {
        return db.transact([](store::Txn& txn) {
            std::vector<std::uint64_t> out;
            for (const auto& row : txn.exec("SELECT number FROM seen ORDER BY number")) {
                out.push_back(row.get<std::uint64_t>("number"));
            }
            return out;
        });
    }
    std::vector<std::uint64_t> kept() {
        std::vector<std::uint64_t> out;
        for (const auto& header : projector.recent_headers()) {
            out.push_back(header.ref.number.value);
        }
        return out;
    }
};

using Numbers = std::vector<std::uint64_t>;

const ingest::Watched kWatched{ChainId{97},
                               {Address::parse("0x1000000000000000000000000000000000000001").value(),
                                Address::parse("0x1000000000000000000000000000000000000002").value()}};

}  // namespace

TEST_CASE_METHOD(Fixture, "the cursor moves together with its effects, from the first batch on") {
    REQUIRE_FALSE(projector.cursor().has_value());
    REQUIRE(projector.recent_headers().empty());
    projector.bind(kWatched);
    REQUIRE_FALSE(projector.cursor().has_value());
    projector.apply(blocks(std::nullopt, 5, 0));
    REQUIRE(projector.cursor() == ref(5));
    auto next = blocks(ref(5), 8, 0);
    next.caught_up = true;
    projector.apply(next);
    REQUIRE(projector.cursor() == ref(8));
    REQUIRE(seen() == Numbers{5, 6, 7, 8});
    REQUIRE(kept() == Numbers{8, 7, 6, 5});
    const auto headers = projector.recent_headers();
    REQUIRE(headers.front().parent_hash == hash_of(7));
    REQUIRE(headers.front().timestamp == 1'008);
    REQUIRE(rows.heads_reached == 1);
    REQUIRE(rows.states[1].boundary == BlockNum{6});
}

TEST_CASE_METHOD(Fixture, "a batch that does not start at the cursor is refused entirely") {
    projector.apply(blocks(std::nullopt, 5, 0));
    REQUIRE_THROWS_AS(projector.apply(blocks(ref(4), 6, 0)), ingest::CursorMoved);
    REQUIRE_THROWS_AS(projector.apply(blocks(ref(5, 1), 6, 0)),
                      ingest::CursorMoved);  // another fork's block 5
    REQUIRE_THROWS_AS(projector.apply(blocks(std::nullopt, 6, 0)), ingest::CursorMoved);
    REQUIRE_THROWS_AS(projector.unwind({ref(6), ref(4)}), ingest::CursorMoved);
    REQUIRE(projector.cursor() == ref(5));
    REQUIRE(seen() == Numbers{5});
}

TEST_CASE_METHOD(Fixture, "a projection that fails does not move the cursor") {
    projector.apply(blocks(std::nullopt, 5, 0));
    rows.before_return = [] { throw std::runtime_error("no"); };
    REQUIRE_THROWS(projector.apply(blocks(ref(5), 6, 0)));
    REQUIRE(projector.cursor() == ref(5));
    REQUIRE(seen() == Numbers{5});
    REQUIRE(kept() == Numbers{5});
}

TEST_CASE_METHOD(Fixture, "of two writers at one cursor exactly one advances, at each block") {
    projector.apply(blocks(std::nullopt, 1, 0));
    std::atomic<int> applied = 0;
    std::atomic<int> refused = 0;
    std::vector<std::thread> writers;
    for (int i = 0; i < 2; ++i) {
        writers.emplace_back([&] {
            store::Database own(dsn, "writer", 1);
            Rows own_rows;
            Projector writer(own, "dispatcher:bsc", own_rows);
            while (true) {
                const auto at = writer.cursor();
                if (at->number.value >= 60) {
                    return;
                }
                try {
                    writer.apply(blocks(at, at->number.value + 1, 0));
                    ++applied;
                } catch (const ingest::CursorMoved&) {
                    ++refused;
                }
            }
        });
    }
    for (auto& writer : writers) {
        writer.join();
    }
    INFO("refused " << refused);
    REQUIRE(applied == 59);
    REQUIRE(seen().size() == 60);
}

TEST_CASE_METHOD(Fixture, "of two concurrent first batches one is written") {
    std::atomic<int> applied = 0;
    std::atomic<int> ready = 0;
    std::vector<std::thread> writers;
    for (int i = 0; i < 2; ++i) {
        writers.emplace_back([&] {
            store::Database own(dsn, "writer", 1);
            Rows own_rows;
            Projector writer(own, "dispatcher:bsc", own_rows);
            own.ping();
            ++ready;
            testkit::wait_until([&] { return ready == 2; });
            try {
                writer.apply(blocks(std::nullopt, 1, 0));
                ++applied;
            } catch (const ingest::CursorMoved&) {
            }
        });
    }
    for (auto& writer : writers) {
        writer.join();
    }
    REQUIRE(applied == 1);
    REQUIRE(seen() == Numbers{1});
}

TEST_CASE_METHOD(Fixture,
                 "an unwind removes blocks and headers, lowers the boundary, and the new fork follows") {
    projector.apply(blocks(std::nullopt, 5, 0));
    projector.apply(blocks(ref(5), 10, 4));
    REQUIRE(rows.states.back().boundary == BlockNum{8});
    projector.unwind({ref(10), ref(6)});
    REQUIRE(projector.cursor() == ref(6));
    REQUIRE(seen() == Numbers{5, 6});
    REQUIRE(kept() == Numbers{6, 5});
    REQUIRE(rows.states.back().boundary == BlockNum{6});
    projector.apply(blocks(ref(6), 12, 4, 1));
    REQUIRE(projector.cursor() == ref(12, 1));
    REQUIRE(projector.recent_headers().front().ref == ref(12, 1));
    REQUIRE(seen().size() == 8);
}

TEST_CASE_METHOD(Fixture, "an unwind below finality is refused and deletes nothing") {
    projector.apply(blocks(std::nullopt, 5, 0));
    projector.apply(blocks(ref(5), 10, 7));
    REQUIRE_THROWS_AS(projector.unwind({ref(10), ref(6)}), ingest::FinalityViolated);
    REQUIRE(projector.cursor() == ref(10));
    REQUIRE(seen() == Numbers{5, 6, 7, 8, 9, 10});
}

TEST_CASE_METHOD(Fixture, "an unwind records the last reorg, the count of reorgs and the greatest depth") {
    const auto reorg = [&] {
        return db.transact([](store::Txn& txn) {
            return txn.one(
                "SELECT reorg_at, reorg_from, reorg_to, reorg_depth, reorg_deepest, reorgs FROM api.stream "
                "WHERE stream = 'dispatcher:bsc'");
        });
    };
    projector.apply(blocks(std::nullopt, 5, 0));
    projector.apply(blocks(ref(5), 10, 4));
    REQUIRE(reorg().get<int>("reorgs") == 0);
    REQUIRE(reorg().is_null("reorg_at"));
    projector.unwind({ref(10), ref(6)});
    projector.apply(blocks(ref(6), 8, 4, 1));
    projector.unwind({ref(8, 1), ref(7, 1)});
    CHECK(reorg().get<BlockNum>("reorg_from") == BlockNum{8});
    CHECK(reorg().get<BlockNum>("reorg_to") == BlockNum{7});
    CHECK(reorg().get<int>("reorg_depth") == 1);
    CHECK(reorg().get<int>("reorg_deepest") == 4);
    CHECK(reorg().get<int>("reorgs") == 2);
    // A refused unwind is not counted.
    REQUIRE_THROWS_AS(projector.unwind({ref(7, 1), ref(3)}), ingest::FinalityViolated);
    REQUIRE_THROWS_AS(projector.unwind({ref(9), ref(6)}), ingest::CursorMoved);
    CHECK(reorg().get<int>("reorgs") == 2);
}

TEST_CASE_METHOD(Fixture, "a writer with a stale cursor cannot raise the boundary") {
    projector.apply(blocks(std::nullopt, 10, 4));
    Rows other_rows;
    Projector other(db, "dispatcher:bsc", other_rows);
    REQUIRE(other.cursor() == ref(10));
    SECTION("by an unwind") {
        projector.apply(blocks(ref(10), 12, 4));
        REQUIRE(other.cursor() == ref(12));
        projector.unwind({ref(12), ref(11)});
    }
    SECTION("by a block") {
        projector.apply(blocks(ref(10), 11, 4));
    }
    REQUIRE_THROWS_AS(other.boundary(BlockNum{12}, BlockNum{5}), ingest::CursorMoved);
    REQUIRE(other_rows.states.empty());
    REQUIRE(other.cursor() == ref(11));
    other.boundary(BlockNum{11}, BlockNum{5});
    REQUIRE(other_rows.states.back().boundary == BlockNum{11});
}

TEST_CASE_METHOD(Fixture, "headers above finality are kept, and one at or below it") {
    projector.apply(blocks(std::nullopt, 5, 5));
    REQUIRE(kept() == Numbers{5});  // the cursor, although final
    projector.apply(blocks(ref(5), 8, 6));
    REQUIRE(kept() == Numbers{8, 7, 5});
    projector.apply(blocks(ref(8), 40, 8));  // a large batch
    REQUIRE(kept().size() == 33);
    REQUIRE(kept().back() == 8);
    projector.boundary(BlockNum{38}, BlockNum{37});
    REQUIRE(kept() == Numbers{40, 39, 38, 37});
    projector.boundary(BlockNum{45}, BlockNum{45});
    REQUIRE(kept() == Numbers{40});
}

TEST_CASE_METHOD(Fixture, "boundary and finality only rise, and reaching the head is recorded") {
    REQUIRE_THROWS_AS(projector.boundary(BlockNum{1}, BlockNum{1}), ingest::CursorMoved);  // no cursor yet
    projector.apply(blocks(std::nullopt, 10, 4));
    REQUIRE(rows.heads_reached == 0);
    projector.boundary(BlockNum{9}, BlockNum{6});
    REQUIRE(rows.states.back().boundary == BlockNum{9});
    REQUIRE(rows.states.back().finalized == BlockNum{6});
    REQUIRE(rows.heads_reached == 1);
    projector.boundary(BlockNum{3}, BlockNum{2});  // a lagging node
    REQUIRE(rows.states.back().boundary == BlockNum{9});
    REQUIRE(rows.states.back().finalized == BlockNum{6});
    projector.apply(blocks(ref(10), 11, 5));
    REQUIRE(rows.states.back().finalized == BlockNum{6});
    REQUIRE(rows.heads_reached == 3);
    Projector restarted(db, "dispatcher:bsc", rows);
    restarted.apply(blocks(ref(11), 12, 6));
    REQUIRE(rows.heads_reached == 3);
    REQUIRE(rows.states.back().boundary == BlockNum{10});
}

TEST_CASE_METHOD(Fixture, "a projection learns after the commit that its stream has reached the head") {
    projector.apply(blocks(std::nullopt, 5, 0));
    auto last = blocks(ref(5), 8, 0);
    last.caught_up = true;
    rows.before_return = [] { throw std::runtime_error("no"); };
    REQUIRE_THROWS(projector.apply(last));
    CHECK(rows.heads_reached == 0);
    rows.before_return = [&] { CHECK(rows.heads_reached == 0); };
    projector.apply(last);
    CHECK(rows.heads_reached == 1);
    projector.boundary(BlockNum{7}, BlockNum{6});
    CHECK(rows.heads_reached == 2);
}

TEST_CASE_METHOD(Fixture, "after its first batch a stream is bound to one chain and its contracts") {
    const ingest::Watched elsewhere{ChainId{56}, kWatched.contracts};
    const ingest::Watched others{ChainId{97}, {kWatched.contracts.front()}};
    REQUIRE(projector.bind(elsewhere) == elsewhere);
    REQUIRE(projector.bind(others) == others);
    REQUIRE(projector.bind(kWatched) == kWatched);  // no block read yet: the configuration may still change
    projector.apply(blocks(std::nullopt, 5, 0));
    REQUIRE(projector.bind(elsewhere) == kWatched);
    REQUIRE(projector.bind(others) == kWatched);
    REQUIRE(projector.bind(kWatched) == kWatched);
    REQUIRE(projector.cursor() == ref(5));
}

TEST_CASE_METHOD(Fixture, "a stream without recorded contracts takes the ones configured now") {
    projector.bind(kWatched);
    projector.apply(blocks(std::nullopt, 5, 0));
    db.transact([](store::Txn& txn) { txn.exec("UPDATE chain.cursor SET contracts = NULL"); });
    const ingest::Watched elsewhere{ChainId{56}, kWatched.contracts};
    REQUIRE(projector.bind(elsewhere) == ingest::Watched{ChainId{97}, {}});
    REQUIRE(projector.bind(kWatched) == kWatched);
}

TEST_CASE_METHOD(Fixture, "streams are independent") {
    projector.bind(kWatched);
    projector.apply(blocks(std::nullopt, 5, 0));
    Rows other_rows;
    Projector other(db, "registry:opbnb", other_rows);
    other.bind({ChainId{5611}, kWatched.contracts});
    REQUIRE_FALSE(other.cursor().has_value());
    auto batch = blocks(std::nullopt, 7, 0);
    batch.logs.clear();
    other.apply(batch);
    REQUIRE(projector.cursor() == ref(5));
    REQUIRE(kept() == Numbers{5});
}

/// Runs in a process of its own, which the test below crashes. Applies one more block.
TEST_CASE("applies one block", "[.projector-victim]") {
    store::Database db(std::getenv("VICTIM_DSN"), "victim", 1);
    Rows rows;
    Projector projector(db, "dispatcher:bsc", rows);
    const auto at = projector.cursor();
    projector.apply(blocks(at, at->number.value + 1, 0));
}

TEST_CASE_METHOD(
    Fixture,
    "killed before COMMIT nothing is written, killed after it everything is; the next run continues") {
    projector.apply(blocks(std::nullopt, 1, 0));
    REQUIRE(testkit::run_and_crash("[.projector-victim]", "projector.before_commit", {{"VICTIM_DSN", dsn}}));
    REQUIRE(projector.cursor() == ref(1));
    REQUIRE(seen() == Numbers{1});
    REQUIRE(testkit::run_and_crash("[.projector-victim]", "projector.after_commit", {{"VICTIM_DSN", dsn}}));
    REQUIRE(projector.cursor() == ref(2));
    REQUIRE(seen() == Numbers{1, 2});
    projector.apply(blocks(ref(2), 3, 0));
    REQUIRE(seen() == Numbers{1, 2, 3});
}

TEST_CASE("a server that dies in COMMIT: the cursor shows the outcome, and the retry is correct") {
    testkit::TempDir dir("projector-commit");
    testkit::PostgresServer server(dir.path());
    store::Database db(server.dsn(), "projector-test");
    store::migrate(db);
    db.transact([](store::Txn& txn) {
        txn.exec_script("CREATE TABLE seen (number bigint PRIMARY KEY, hash bytea)");
    });
    Rows rows;
    Projector projector(db, "s", rows);
    projector.apply(blocks(std::nullopt, 1, 0));
    rows.before_return = [&] { server.kill(); };
    // The outcome of the commit can be read only after the server has restarted.
    REQUIRE_THROWS_AS(projector.apply(blocks(ref(1), 2, 0)), store::Unavailable);
    rows.before_return = nullptr;
    server.start();
    REQUIRE(projector.cursor() == ref(1));
    projector.apply(blocks(ref(1), 2, 0));
    REQUIRE(projector.cursor() == ref(2));
}
