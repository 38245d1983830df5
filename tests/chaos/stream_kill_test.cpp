// The stream's process killed at each crash point of the projector and of the stream, during apply, unwind
// and boundary; restarted, it ends with equal rows.
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
    /// Whether it was killed there; when it was not, it has read all and ended by itself.
    bool run_and_crash(const std::string& point) {
        return testkit::run_and_crash("[.stream-victim]", point, env());
    }
    /// Runs to the head undisturbed.
    void run() {
        REQUIRE_FALSE(run_and_crash("none"));
        REQUIRE(Rows::read(db) == chain.logs());
    }
    /// The rows are those of the blocks that the cursor has passed, no more and no less.
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

/// Runs in a process of its own, which the tests below let crash: reads to the head and ends.
TEST_CASE("reads to the head", "[.stream-victim]") {
    store::Database db(std::getenv("VICTIM_DSN"), "victim", 2);
    const auto contract = Address::parse(std::getenv("VICTIM_CONTRACT")).value();
    RowStream stream(db, std::getenv("VICTIM_RPC"), contract);
    const bool reached =
        testkit::wait_until([&] { return !stream.ended().empty() || stream.health().ok; }, Millis(30'000));
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
        // Killed at the n-th pass, each time from where the last one left it, until it gets through.
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
    // The first thing that a restart does after a reorg is to take back.
    for (const std::string point :
         {"stream.walked_back", "projector.before_commit", "projector.after_commit"}) {
        for (const unsigned depth : {1U, 7U, 60U}) {
            INFO(point << ", depth " << depth);
            scene.chain.block(1);  // there is something to take back
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
        REQUIRE(scene.run_and_crash(point));  // nothing new: a restart tells the boundary again
        scene.run();
    }
}
