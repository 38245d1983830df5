// The real stream, projector and database with a real node whose chain is reorganized while it is read.
#include <atomic>

#include "chaos/row_stream.hpp"
#include "testkit/pipeline_database.hpp"

using namespace lamda;
using namespace lamda::chaos;

namespace {

constexpr unsigned kDeepest = 60;
static_assert(kDeepest < LoggingChain::kFinalDepth);

/// Changes of the chain, from a seed: blocks, and reorgs of every depth up to the deepest.
class ChainChanges {
  public:
    ChainChanges(LoggingChain& chain, unsigned seed) : chain_(chain), random_(seed) {
        for (unsigned depth = 1; depth <= kDeepest; ++depth) {
            depths_.push_back(depth);
        }
        std::shuffle(depths_.begin(), depths_.end(), random_);
        // The smallest and the deepest depth come first, so that both occur.
        std::iter_swap(depths_.end() - 1, std::find(depths_.begin(), depths_.end(), kDeepest));
        std::iter_swap(depths_.end() - 2, std::find(depths_.begin(), depths_.end(), 1U));
    }
    bool chance(unsigned percent) { return below(100) < percent; }
    void change() {
        if (chance(40)) {
            chain_.reorg(depths_.back(), below(6), random_);
            depths_.pop_back();
            ++reorgs;
        } else if (chance(30)) {
            chain_.empty_blocks(1 + below(40));
        } else {
            for (unsigned left = 1 + below(4); left > 0; --left) {
                chain_.block(below(3));
            }
        }
    }
    unsigned reorgs = 0;

  private:
    unsigned below(unsigned end) { return std::uniform_int_distribution<unsigned>(0, end - 1)(random_); }

    LoggingChain& chain_;
    std::mt19937 random_;
    std::vector<unsigned> depths_;
};

struct Scene : testkit::TestDatabase {
    testkit::TempDir dir{"stream-reorg"};
    LoggingChain chain{dir.path()};

    Scene() { Rows::create(db); }
    /// Waits until the stream is at the head, then compares its rows with the chain.
    void check_settles(RowStream& stream) {
        const bool settled = testkit::wait_until(
            [&] { return !stream.ended().empty() || stream.cursor() == chain.head(); }, Millis(60'000));
        INFO("ended: " << stream.ended() << "; health: " << stream.health().detail);
        REQUIRE(settled);
        REQUIRE(stream.ended().empty());
        REQUIRE(Rows::read(db) == chain.logs());
    }
};

}  // namespace

TEST_CASE("Complete: reorgs of 1 to 60 blocks during backfill and tail leave exactly the canonical logs") {
    for (const unsigned seed : {1U, 2U, 3U, 4U}) {
        INFO("seed " << seed);
        Scene scene;
        ChainChanges changes(scene.chain, seed);
        for (int i = 0; i < 40; ++i) {
            scene.chain.block(1);
            scene.chain.empty_blocks(9);
        }
        // Within the transactions of the backfill: between one read and the next.
        std::atomic<int> changes_left = 12;
        RowStream stream(scene.db, scene.chain.url(), scene.chain.contract(), [&] {
            if (changes_left > 0 && changes.chance(40)) {
                --changes_left;
                changes.change();
            }
        });
        // Mines blocks until the backfill has had its changes.
        REQUIRE(testkit::wait_until(
            [&] {
                scene.chain.block(1);
                return changes_left == 0;
            },
            Millis(60'000)));
        scene.check_settles(stream);
        const unsigned during_backfill = changes.reorgs;
        CHECK(during_backfill > 0);
        while (changes.reorgs < during_backfill + 6) {
            changes.change();
            if (changes.chance(60)) {
                scene.check_settles(stream);
            }
        }
        scene.check_settles(stream);
        CHECK(scene.chain.logs().size() > 40);
    }
}

TEST_CASE("Sceptical: a reorg below finality halts the stream, keeps every row, and is reported") {
    Scene scene;
    for (int i = 0; i < 100; ++i) {
        scene.chain.block(1);
    }
    RowStream stream(scene.db, scene.chain.url(), scene.chain.contract());
    scene.check_settles(stream);
    const auto before = Rows::read(scene.db);
    const auto cursor = stream.cursor();
    REQUIRE(before.size() == 200);

    std::mt19937 random(1);
    scene.chain.reorg(LoggingChain::kFinalDepth + 6, 3, random);
    REQUIRE(testkit::wait_until([&] { return !stream.ended().empty(); }));
    CHECK_THAT(stream.ended(), Catch::Contains("was final; nothing was deleted"));
    CHECK_FALSE(stream.health().ok);
    CHECK(stream.health().detail == stream.ended());
    CHECK_THAT(stream.metrics(),
               Catch::Contains("lamda_chain_finality_violations_total{stream=\"chaos:rows\"} 1"));
    CHECK(Rows::read(scene.db) == before);
    CHECK(stream.cursor() == cursor);

    // More blocks and a restart have no effect.
    scene.chain.empty_blocks(80);
    RowStream restarted(scene.db, scene.chain.url(), scene.chain.contract());
    REQUIRE(testkit::wait_until([&] { return !restarted.ended().empty(); }));
    CHECK(Rows::read(scene.db) == before);
    CHECK(restarted.cursor() == cursor);
}
