// Test scene: batches of JobManager, the dispatcher's projection and a real database.
#pragma once

#include <catch2/catch.hpp>
#include <set>
#include <string>
#include <vector>

#include "pgingest/projector.hpp"
#include "services/job-dispatcher/ingest/bulk_load.hpp"
#include "services/job-dispatcher/ingest/job_manager_source.hpp"
#include "services/job-dispatcher/ingest/projection.hpp"
#include "services/job-dispatcher/jobs/job_store.hpp"
#include "services/job-dispatcher/jobs/journal_store.hpp"
#include "services/job-dispatcher/testing/batches.hpp"
#include "store/migrations.hpp"
#include "testkit/servers.hpp"

namespace lamda::dispatch::testing {

struct ProjectionScene {
    ProjectionScene() {
        store::migrate(database);
        projector.bind({ChainId{31337}, {Address{}}});
    }

    /// Checks invariant 2 (Derived), and that the journal is in chain order.
    void require_rows_are_folds(std::uint64_t jobs, wire::ChainState state) {
        database.transact([&](store::Txn& txn) {
            std::vector<JobId> ids;
            for (std::uint64_t job = 0; job < jobs; ++job) {
                ids.push_back(job_id(job));
            }
            const auto rows = lock_jobs(txn, ids);
            const auto journals = read_journals(txn, ids);
            REQUIRE(rows.size() == jobs);
            REQUIRE(journals.size() == jobs);
            for (const auto& [id, row] : rows) {
                REQUIRE((fold(journals.at(id)) == row));
                REQUIRE(row.chain_state == state);
                REQUIRE(row.last_event > 0);
            }
            const auto disorder = txn.one(
                "SELECT count(*) AS n FROM (SELECT (block_num, log_index) <= lag((block_num, log_index)) "
                "OVER "
                "(ORDER BY id) AS wrong FROM dispatch.job_event WHERE NOT orphaned AND block_num IS NOT "
                "NULL) "
                "e WHERE wrong");
            CHECK(disorder.get<int>("n") == 0);
        });
    }
    /// Returns journal and jobs without the ids; the order of the ids is checked.
    std::vector<std::string> rows() {
        std::vector<std::string> out;
        for (const auto* sql :
             {"SELECT to_jsonb(e) - 'id' AS row FROM dispatch.job_event e ORDER BY id",
              "SELECT to_jsonb(j) - 'last_event' || jsonb_build_object('last', (SELECT block_num FROM "
              "dispatch.job_event e WHERE e.id = j.last_event)) AS row FROM dispatch.job j ORDER BY j.id"}) {
            database.transact([&](store::Txn& txn) {
                for (const auto row : txn.exec(sql)) {
                    out.push_back(row.get<std::string>("row"));
                }
            });
        }
        return out;
    }
    std::set<std::string> indexes() {
        return database.transact([](store::Txn& txn) {
            std::set<std::string> out;
            for (const auto row :
                 txn.exec("SELECT indexdef FROM pg_indexes WHERE schemaname = 'dispatch' AND "
                          "tablename IN ('job', 'job_event')")) {
                out.insert(row.get<std::string>("indexdef"));
            }
            return out;
        });
    }
    void exec(const std::string& script) {
        database.transact([&](store::Txn& txn) { txn.exec_script(script); });
    }
    void end_load(Millis lasted) {
        database.transact([&](store::Txn& txn) { dispatch::end_load(txn, lasted, telemetry::Log::none()); });
    }
    std::int64_t count(const std::string& from_where) {
        return database.transact([&](store::Txn& txn) {
            return txn.one("SELECT count(*) AS n FROM " + from_where).get<std::int64_t>("n");
        });
    }

    testkit::TempDir dir{"projection"};
    testkit::PostgresServer postgres{dir.path()};
    store::Database database{postgres.create_database("dispatch"), "test", 2};
    SystemClock clock;
    Deployment deployment{Address{}, ChainId{31337}, 3, Millis{0}};
    StreamProgress progress;
    JobManagerSource source;
    JobProjection projection{database, source, deployment, progress, clock, telemetry::Log::none()};
    pgingest::Projector projector{database, kStream, projection};
    BatchMaker chain;
};

/// Appends the blocks of `more` to `batch`.
inline ingest::Batch joined(ingest::Batch batch, ingest::Batch more) {
    std::move(more.headers.begin(), more.headers.end(), std::back_inserter(batch.headers));
    std::move(more.logs.begin(), more.logs.end(), std::back_inserter(batch.logs));
    batch.to = more.to;
    batch.to_timestamp = more.to_timestamp;
    batch.boundary = more.boundary;
    batch.finalized = more.finalized;
    return batch;
}

}  // namespace lamda::dispatch::testing
