// Tests that a repair leads to the rows of a dispatcher that read the correct logs from the start.
#include "services/job-dispatcher/ingest/journal_repair.hpp"

#include <catch2/catch.hpp>
#include <random>

#include "pgingest/projector.hpp"
#include "pgingest/testing/range_snapshot.hpp"
#include "services/job-dispatcher/ingest/job_manager_source.hpp"
#include "services/job-dispatcher/ingest/projection.hpp"
#include "services/job-dispatcher/jobs/job_store.hpp"
#include "services/job-dispatcher/jobs/job_write.hpp"
#include "services/job-dispatcher/jobs/journal_store.hpp"
#include "services/job-dispatcher/testing/batches.hpp"
#include "store/migrations.hpp"
#include "testkit/servers.hpp"

using namespace lamda;
using namespace lamda::dispatch;
using dispatch::testing::BatchMaker;
using dispatch::testing::job_id;
using dispatch::testing::LogKind;

namespace {

constexpr std::uint64_t kJobs = 12;

struct Dispatcher {
    explicit Dispatcher(const std::string& dsn) : database(dsn, "test", 2) {
        store::migrate(database);
        projector.bind({ChainId{31337}, {Address{}}});
    }
    void clear() {
        database.transact([](store::Txn& txn) {
            txn.exec_script(
                "DELETE FROM dispatch.job_event; DELETE FROM dispatch.job; DELETE FROM chain.cursor; DELETE "
                "FROM bus.outbox; DELETE FROM dispatch.assignment");
        });
        projector.bind({ChainId{31337}, {Address{}}});
    }
    std::map<JobId, JobRow> rows() {
        return database.transact([](store::Txn& txn) {
            std::vector<JobId> ids;
            for (std::uint64_t job = 0; job < kJobs + 2; ++job) {
                ids.push_back(job_id(job));
            }
            auto out = lock_jobs(txn, ids);
            for (const auto& [id, journal] : read_journals(txn, ids)) {
                INFO("Derived: " << id.hex());
                REQUIRE((fold(journal) == (out.contains(id) ? std::optional(out.at(id)) : std::nullopt)));
            }
            for (auto& [id, row] : out) {
                row.last_event = 0;  // the position in the journal may differ
            }
            return out;
        });
    }
    std::size_t exec(const std::string& sql, const std::vector<store::Param>& args = {}) {
        return database.transact([&](store::Txn& txn) { return txn.exec(sql, args).affected(); });
    }
    /// Writes a work fact, as the loops do.
    void work(std::uint64_t job, wire::WorkFact fact, std::uint32_t attempt) {
        database.transact([&](store::Txn& txn) {
            JobWrite write;
            write.before = lock_jobs(txn, {job_id(job)}).at(job_id(job));
            JobEvent event;
            event.job_id = job_id(job);
            event.fact = fact;
            event.at = from_unix_seconds(1'800'000'000);
            if (fact == wire::WorkFact::kAssignable) {
                event.body.next_attempt = attempt;
            }
            write.entries.push_back(event);
            std::vector<JobWrite> writes{write};
            write_jobs(txn, writes, ChainId{31337}, clock.now());
        });
    }
    ingest::Differences compare(const ingest::Batch& truth) { return audited.compare({BlockNum{1}, truth}); }
    std::size_t repair(const ingest::Batch& truth) {
        const auto repaired = pgingest::repair(audited, truth);
        CHECK(compare(truth).logs == 0);
        return repaired;
    }

    store::Database database;
    SystemClock clock;
    Deployment deployment{Address{}, ChainId{31337}, 3, Millis{0}};
    StreamProgress progress;
    JobManagerSource source;
    JobProjection projection{database, source, deployment, progress, clock, telemetry::Log::none()};
    pgingest::Projector projector{database, kStream, projection};
    JournalRepair repairs{source, deployment, clock};
    pgingest::PgAudit audited{database, kStream, repairs};
};

struct Scene {
    testkit::TempDir dir{"repair"};
    testkit::PostgresServer postgres{dir.path()};
    Dispatcher correct{postgres.create_database("correct")};  ///< reads all logs
    Dispatcher misled{postgres.create_database("misled")};    ///< reads missing and invented logs
};

/// Jobs that are created, some of them confirmed, some of those claimed, in consecutive blocks.
ingest::Batch history(BatchMaker& chain) {
    auto out = chain.next(LogKind::kCreated, 0, kJobs, 2);
    for (const auto& [kind, jobs] :
         {std::pair(LogKind::kConfirmed, kJobs - 3), {LogKind::kClaimed, kJobs - 6}}) {
        auto more = chain.next(kind, 0, jobs, 2);
        std::move(more.headers.begin(), more.headers.end(), std::back_inserter(out.headers));
        std::move(more.logs.begin(), more.logs.end(), std::back_inserter(out.logs));
        out.to = more.to;
        out.to_timestamp = more.to_timestamp;
        out.boundary = out.finalized = more.to.number;
    }
    return out;
}

}  // namespace

TEST_CASE("Sceptical: a repair of hidden and invented logs leads to the correct rows") {
    Scene scene;
    const auto seed = std::random_device{}();
    CAPTURE(seed);
    std::mt19937 random(seed);
    for (int round = 0; round < 40; ++round) {
        scene.correct.clear();
        scene.misled.clear();
        BatchMaker chain;
        const auto truth = history(chain);
        auto lies = truth;
        std::size_t wrong = 0;
        for (auto log = lies.logs.begin(); log != lies.logs.end();) {
            if (random() % 4 == 0) {
                log = lies.logs.erase(log);
                ++wrong;
                continue;
            }
            if (random() % 8 == 0) {
                log->data[30] ^= 1;  // another amount, if the event has one
                if (log->topics.size() < 3) {
                    log->topics[1] = job_id(kJobs).as<Topic>();
                }
                ++wrong;
            }
            ++log;
        }
        scene.correct.projector.apply(truth);
        scene.misled.projector.apply(lies);
        CHECK(scene.misled.compare(truth).logs == wrong);
        CHECK(scene.misled.repair(truth) == wrong);
        auto rows = scene.misled.rows();
        auto wanted = scene.correct.rows();
        // An invented creation leaves a job with an orphaned creation, as a reorg does.
        std::erase_if(
            rows, [](const auto& entry) { return entry.second.chain_state == wire::ChainState::kAbsent; });
        CHECK(rows.size() == wanted.size());
        for (auto& [id, row] : wanted) {
            INFO(id.hex());
            REQUIRE(rows.contains(id));
            rows.at(id).updated_at = row.updated_at;  // an orphaned fact may have been the latest one
            rows.at(id).work_since = row.work_since;
            CHECK((rows.at(id) == row));
        }
    }
}

TEST_CASE("Sceptical: a missing creation is inserted in front of the job's other entries") {
    Scene scene;
    BatchMaker chain;
    const auto truth = history(chain);
    auto& dispatcher = scene.misled;
    dispatcher.projector.apply(truth);
    const auto job = kJobs - 1;  // created only
    dispatcher.work(job, wire::WorkFact::kAssignable, 1);
    dispatcher.work(job, wire::WorkFact::kAccepted, 1);
    const auto before = dispatcher.rows();
    REQUIRE(before.at(job_id(job)).attempt == 1);
    REQUIRE(dispatcher.exec("DELETE FROM dispatch.job_event WHERE job_id = $1 AND kind = 'created'",
                            {job_id(job)}) == 1);
    CHECK(dispatcher.repair(truth) == 1);
    CHECK((dispatcher.rows() == before));
    CHECK(dispatcher.exec("DELETE FROM bus.outbox WHERE subject LIKE 'jobs.%'") == 0);
}

TEST_CASE("Sceptical: an attempt for a job that was never created is retracted") {
    Scene scene;
    BatchMaker chain;
    const auto truth = history(chain);
    auto lies = truth;
    auto invented = lies.logs[kJobs - 1];
    REQUIRE(invented.topics[1] == job_id(kJobs - 1).as<Topic>());
    invented.topics[1] = job_id(kJobs).as<Topic>();
    ++invented.log_index;
    lies.logs.insert(lies.logs.begin() + kJobs, invented);
    auto& dispatcher = scene.misled;
    dispatcher.projector.apply(lies);
    dispatcher.work(kJobs, wire::WorkFact::kAssignable, 1);
    CHECK(dispatcher.repair(truth) == 1);
    const auto row = dispatcher.rows().at(job_id(kJobs));
    CHECK(row.chain_state == wire::ChainState::kAbsent);
    CHECK(dispatcher.exec("DELETE FROM bus.outbox WHERE subject LIKE 'jobs.retract.%'") == 1);
}

TEST_CASE("a repair from another block at the same height is refused and changes nothing") {
    Scene scene;
    BatchMaker chain;
    const auto truth = history(chain);
    auto& dispatcher = scene.misled;
    dispatcher.projector.apply(truth);
    const auto before = dispatcher.rows();
    auto other = truth;
    for (auto& header : other.headers) {
        header.ref.hash.array()[5] ^= 1;
    }
    for (auto& log : other.logs) {
        log.block_hash.array()[5] ^= 1;
    }
    const auto blocks = dispatcher.compare(other).blocks;
    REQUIRE(blocks.size() == truth.headers.size());
    CHECK_THROWS_AS(dispatcher.audited.repair({BlockNum{1}, other}), ingest::FinalityViolated);
    CHECK((dispatcher.rows() == before));
    CHECK(dispatcher.exec("DELETE FROM dispatch.job_event WHERE orphaned") == 0);
}

TEST_CASE("a repair places facts where the fold needs them") {
    const auto fact = [](ChainFact kind, std::uint64_t block, std::int64_t id = 0, bool orphaned = false) {
        JobEvent out;
        out.id = id;
        out.fact = kind;
        out.orphaned = orphaned;
        out.position = ChainPosition{{BlockNum{block}, {}}, 0, {}};
        return out;
    };
    SECTION("a first creation in front") {
        const auto plan = plan_repair({fact(ChainFact::kConfirmed, 5, 8)}, {fact(ChainFact::kCreated, 3)});
        CHECK(plan.in_front.size() == 1);
        CHECK(plan.at_end.empty());
        CHECK(plan.to_orphan.empty());
    }
    SECTION("a later creation at the end, followed again by the later chain facts") {
        const auto plan =
            plan_repair({fact(ChainFact::kCreated, 2, 1, true), fact(ChainFact::kConfirmed, 5, 8)},
                        {fact(ChainFact::kCreated, 3), fact(ChainFact::kClaimed, 6)});
        CHECK(plan.in_front.empty());
        CHECK(plan.to_orphan == std::vector<std::int64_t>{8});
        REQUIRE(plan.at_end.size() == 3);
        CHECK((plan.at_end[0].fact == Fact(ChainFact::kCreated)));
        CHECK((plan.at_end[1].fact == Fact(ChainFact::kConfirmed)));
        CHECK(plan.at_end[1].id == 0);
        CHECK((plan.at_end[2].fact == Fact(ChainFact::kClaimed)));
    }
    SECTION("other facts at the end") {
        const auto plan = plan_repair({fact(ChainFact::kCreated, 2, 1)}, {fact(ChainFact::kConfirmed, 3)});
        CHECK(plan.at_end.size() == 1);
        CHECK(plan.to_orphan.empty());
    }
}
