// Kills the stream's process at each crash point of the projector and of the stream, during apply, unwind and
// boundary. After restarts the rows are equal.
#include <algorithm>
#include <array>

#include "chaos/row_stream.hpp"
#include "testkit/pipeline_database.hpp"

using namespace lamda;
using namespace lamda::chaos;

namespace {

const std::vector<std::string> kPoints = {"projector.before_commit", "projector.after_commit"};

struct Scene : testkit::TestDatabase {
    testkit::TempDir dir{"stream-kill"};
    LoggingChain chain{dir.path()};
    std::mt19937 random{1};

    Scene() { Rows::create(db); }
    std::map<std::string, std::string> env() const {
        return {
            {"VICTIM_DSN", dsn}, {"VICTIM_RPC", chain.url()}, {"VICTIM_CONTRACT", chain.contract().hex()}};
    }
    /// True: killed at the crash point. False: everything was read.
    bool run_and_crash(const std::string& point) {
        return testkit::run_and_crash("[.stream-victim]", point, env());
    }
    /// Runs to the head without a crash point.
    void run() {
        REQUIRE_FALSE(run_and_crash("none"));
        REQUIRE(Rows::read(db) == chain.logs());
    }
    /// Checks that the rows are exactly those of the blocks up to the cursor.
    void check_whole() {
        const auto cursor = db.transact([](store::Txn& txn) {
            const auto row = txn.first("SELECT number FROM chain.cursor WHERE number IS NOT NULL");
            return row ? row->get<BlockNum>("number") : BlockNum{0};
        });
        auto expected = chain.logs();
        std::erase_if(expected, [&](const Row& row) { return block_of(row) > cursor; });
        REQUIRE(Rows::read(db) == expected);
    }
};

}  // namespace

/// Runs in a process that the tests below kill: reads to the head and ends.
TEST_CASE("reads to the head", "[.stream-victim]") {
    store::Database db(std::getenv("VICTIM_DSN"), "victim", 2);
    const auto contract = Address::parse(std::getenv("VICTIM_CONTRACT")).value();
    RowStream stream(db, std::getenv("VICTIM_RPC"), contract);
    const bool reached = testkit::wait_until([&] { return !stream.ended().empty() || stream.health().ok; });
    INFO(stream.ended() << stream.health().detail);
    REQUIRE(reached);
    REQUIRE(stream.ended().empty());
}

TEST_CASE("Killable: at each transaction of a backfill and of the tail, before and after its commit") {
    for (const std::string point :
         {"projector.bound", "stream.read", "projector.before_commit", "projector.after_commit"}) {
        Scene scene;
        for (int i = 0; i < 20; ++i) {
            scene.chain.block(1);
            scene.chain.empty_blocks(14);
        }
        // Killed at the n-th pass, each run continuing from the last, until one finishes.
        constexpr std::array kPasses = {1, 2, 5, 13};
        std::size_t kills = 0;
        while (kills < 200 &&
               scene.run_and_crash(point + ":" + std::to_string(kPasses[kills % kPasses.size()]))) {
            ++kills;
            scene.check_whole();
        }
        INFO(point << ": " << kills << " kills");
        CHECK(kills > 0);
        CHECK(kills < 200);
        scene.run();
        for (int i = 0; i < 3; ++i) {
            scene.chain.block(2);
        }
        CHECK(scene.run_and_crash(point + ":1"));
        scene.run();
    }
}

TEST_CASE("Killable: in the middle of an unwind") {
    Scene scene;
    for (int i = 0; i < 100; ++i) {
        scene.chain.block(1);
    }
    // After a reorg a restart unwinds first.
    for (const std::string point :
         {"stream.walked_back", "projector.before_commit", "projector.after_commit"}) {
        for (const unsigned depth : {1U, 7U, 60U}) {
            INFO(point << ", depth " << depth);
            scene.chain.block(1);  // a block to unwind
            scene.run();
            const auto before = Rows::read(scene.db);
            scene.chain.reorg(depth, 3, scene.random);
            REQUIRE(scene.run_and_crash(point));
            const auto after = Rows::read(scene.db);
            const bool undone = point == "projector.after_commit";
            CHECK((after == before) != undone);
            CHECK(std::equal(after.begin(), after.end(), before.begin()));
            REQUIRE(scene.run_and_crash(point == "projector.after_commit" ? "stream.read" : point));
            scene.run();
        }
    }
}

TEST_CASE("Killable: when only the boundary rises") {
    Scene scene;
    for (int i = 0; i < 10; ++i) {
        scene.chain.block(1);
    }
    scene.run();
    for (const std::string& point : kPoints) {
        INFO(point);
        REQUIRE(scene.run_and_crash(point));  // no new blocks: a restart reports the boundary again
        scene.run();
    }
}
