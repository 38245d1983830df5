#include "pgingest/pg_audit.hpp"

#include "pgingest/log_diff.hpp"
#include "pgingest/projector.hpp"
#include "rpcpool/range_window.hpp"
#include "testkit/pipeline_database.hpp"

using namespace lamda;
using namespace lamda::pgingest;

namespace {

constexpr auto kStream = "dispatcher:bsc";

struct Entry {
    int block;
    int index;
    char body;
};
const auto kPlace = [](const Entry& entry) { return std::pair(BlockNum(entry.block), entry.index); };
const auto kSame = [](const Entry& a, const Entry& b) { return a.body == b.body; };

/// A journal that is one number: the count of logs of the last block read.
class Journal final : public Repairable {
  public:
    std::size_t logs = 0;
    std::size_t stubborn = 0;
    ingest::Differences compare(store::Txn&, const ingest::RangeSnapshot& again) override {
        const auto theirs = again.blocks.logs.size();
        const auto differ = theirs > logs ? theirs - logs : logs - theirs;
        ingest::Differences out;
        out.logs = differ;
        if (differ > 0) {
            out.blocks.insert(again.first);
        }
        return out;
    }
    void repair(store::Txn&, const ingest::RangeSnapshot& again) override {
        logs = again.blocks.logs.size() - stubborn;
    }
};

struct Fixture : testkit::TestDatabase {
    Journal journal;
    PgAudit audit{db, kStream, journal};

    void cursor(std::uint64_t number, std::uint64_t finalized) {
        db.transact([&](store::Txn& txn) {
            txn.exec(
                "INSERT INTO chain.cursor (stream, chain_id, number, hash, timestamp, finalized) VALUES ($1, "
                "97, "
                "$2, $3, 1, $4) ON CONFLICT (stream) DO UPDATE SET number = excluded.number, finalized = "
                "excluded.finalized",
                {kStream, BlockNum{number}, BlockHash{}, BlockNum{finalized}});
        });
    }
    std::string shown() {
        return db.transact([](store::Txn& txn) {
            return txn
                .one(
                    "SELECT format('%s..%s logs %s repaired %s unsettled %s %s', since, upto, logs, "
                    "repaired, "
                    "unsettled, trouble) AS line FROM api.stream_sweep WHERE stream = $1",
                    {kStream})
                .get<std::string>("line");
        });
    }
};

ingest::RangeSnapshot reading(std::uint64_t first, std::uint64_t to, std::size_t logs) {
    ingest::RangeSnapshot out;
    out.first = BlockNum{first};
    out.blocks.to.number = BlockNum{to};
    out.blocks.logs.resize(logs);
    return out;
}

}  // namespace

TEST_CASE("two reads differ by entries that one lacks or that are not equal") {
    const std::vector<Entry> journal{{1, 0, 'a'}, {1, 2, 'b'}, {3, 0, 'c'}, {4, 0, 'd'}};
    const std::vector<Entry> again{{1, 0, 'a'}, {1, 1, 'x'}, {3, 0, 'C'}, {4, 0, 'd'}, {5, 0, 'e'}};
    const auto found = diff(journal, again, kPlace, kSame);
    std::string added;
    for (const auto* entry : found.to_add) {
        added += entry->body;
    }
    std::string dropped;
    for (const auto* entry : found.to_drop) {
        dropped += entry->body;
    }
    CHECK(added == "xCe");
    CHECK(dropped == "bc");
    const auto told = differences(found, kPlace);
    CHECK(told.logs == 4);
    CHECK((told.blocks == std::set<BlockNum>{BlockNum{1}, BlockNum{3}, BlockNum{5}}));
}

TEST_CASE_METHOD(Fixture, "an audit covers the blocks that are final and deep enough") {
    CHECK_FALSE(audit.state());
    cursor(90, 100);
    CHECK_FALSE(audit.state());
    cursor(rpcpool::kSettledDepth + 90, rpcpool::kSettledDepth + 90);
    CHECK(audit.state()->final == BlockNum{90});
    CHECK_FALSE(audit.state()->upto);
    cursor(rpcpool::kSettledDepth + 120, 100);
    CHECK(audit.state()->final == BlockNum{100});
    audit.passed(BlockNum{5}, BlockNum{50}, {.logs = 3});
    CHECK(audit.state()->upto == BlockNum{50});
    audit.passed(BlockNum{51}, BlockNum{60}, {.logs = 2, .unsettled = 1, .last_error = "block 55: why"});
    audit.passed(BlockNum{61}, BlockNum{70}, {});
    CHECK(shown() == "5..70 logs 5 repaired 0 unsettled 1 block 55: why");
}

TEST_CASE_METHOD(Fixture, "Atomic: of two concurrent audits one advances, and a range counts once") {
    cursor(120, 100);
    PgAudit rival(db, kStream, journal);
    audit.passed(BlockNum{0}, BlockNum{50}, {.logs = 3});
    rival.passed(BlockNum{0}, BlockNum{40}, {.logs = 3});
    CHECK(shown() == "0..50 logs 3 repaired 0 unsettled 0 ");
}

TEST_CASE_METHOD(Fixture, "repairs are counted, and unsettled differences are reported") {
    cursor(120, 100);
    journal.logs = 1;
    const auto done = audit.repair(reading(7, 7, 4));
    CHECK(done.logs == 3);
    CHECK(done.left.logs == 0);
    journal.stubborn = 1;
    const auto partly = audit.repair(reading(8, 8, 6));
    CHECK(partly.logs == 1);
    CHECK(partly.left.logs == 1);
    CHECK(shown() == ".. logs 0 repaired 4 unsettled 0 ");
    audit.passed(BlockNum{0}, BlockNum{8}, {.logs = 10, .unsettled = 1, .last_error = "x"});
    CHECK(shown() == "0..8 logs 10 repaired 4 unsettled 1 x");
}

TEST_CASE_METHOD(Fixture, "Atomic: a kill before the commit of a repair undoes it") {
    cursor(120, 100);
    REQUIRE(testkit::run_and_crash("[repair-child]", "sweep.before_commit", {{"LAMDA_TEST_DSN", dsn}}));
    CHECK(db.transact([](store::Txn& txn) { return txn.exec("SELECT 1 FROM chain.sweep").size(); }) == 0);
}

TEST_CASE("repair child", "[.][repair-child]") {
    store::Database database(std::getenv("LAMDA_TEST_DSN"), "child", 1);
    Journal journal;
    PgAudit audit(database, kStream, journal);
    audit.repair(reading(7, 7, 4));
}
