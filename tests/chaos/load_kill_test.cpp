// Kills the dispatcher at each transaction of a first history, which it loads without most of its indexes.
// After restarts each log is applied once, rows equal the folds of their journals, and every index exists.
#include <catch2/catch.hpp>
#include <csignal>
#include <set>

#include "services/job-dispatcher/jobs/job_store.hpp"
#include "services/job-dispatcher/jobs/journal_store.hpp"
#include "testkit/job_logs.hpp"
#include "testkit/migrated_database.hpp"
#include "testkit/servers.hpp"

using namespace lamda;
using testkit::JobLogKind;

namespace {

constexpr std::uint64_t kJobs = 9'000;
constexpr std::uint64_t kConfirmed = 4'000;
constexpr std::uint64_t kClaimed = 2'000;
constexpr std::uint64_t kPerBlock = 100;

class Scene {
  public:
    Scene() {
        testkit::JobLogs logs(anvil);
        contract_ = logs.address();
        logs.emit(JobLogKind::kCreated, 0, kJobs / 2, kPerBlock);
        logs.emit(JobLogKind::kConfirmed, 0, kConfirmed, kPerBlock);
        logs.emit(JobLogKind::kCreated, kJobs / 2, kJobs / 2, kPerBlock);
        logs.emit(JobLogKind::kClaimed, 0, kClaimed, kPerBlock);
        last_ = testkit::head_of(anvil);
        anvil.call("anvil_mine", "[50]");
    }

    /// True: killed at the n-th pass of the crash point. False: the whole history was read before.
    bool run_and_crash(const std::string& point, int pass) {
        testkit::ProcessSpec spec;
        spec.argv = {testkit::binary_dir() + "/bin/lamda-job-dispatcher"};
        spec.env = {{"DATABASE_URL",
                     testkit::role_dsn(postgres, kDatabase, testkit::database_role("job-dispatcher"))},
                    {"NATS_URL", nats.url()},
                    {"BSC_RPC_URL", anvil.url()},
                    {"JOB_MANAGER_CONTRACT_ADDRESS", contract_},
                    {"JOB_MANAGER_START_BLOCK", "1"},
                    {"METRICS_PORT", std::to_string(testkit::free_port())},
                    {"LAMDA_CRASH_AT", point + ":" + std::to_string(pass)}};
        spec.cwd = dir.path();
        spec.log_file = dir.path() + "/job-dispatcher.log";
        // The server must have ended the previous sessions: a bulk load does not begin while another session
        // locks the tables.
        REQUIRE(testkit::wait_until(
            [&] { return count("pg_stat_activity WHERE application_name = 'lamda-job-dispatcher'") == 0; }));
        testkit::Process process(std::move(spec));
        REQUIRE(testkit::wait_until([&] { return !process.running() || done(); }, Millis(180'000)));
        const bool crashed = !process.running();
        if (crashed) {
            CHECK(process.wait(Millis(0)) == 128 + SIGKILL);
        } else {
            process.kill();
        }
        return crashed;
    }

    bool done() {
        return count("chain.cursor WHERE number >= " + std::to_string(last_.value)) == 1 && left_out() == 0;
    }
    std::uint64_t left_out() { return count("dispatch.left_out_index"); }
    std::uint64_t count(const std::string& from_where) {
        return database.transact([&](store::Txn& txn) {
            return txn.one("SELECT count(*) AS n FROM " + from_where).get<std::uint64_t>("n");
        });
    }
    std::set<std::string> indexes() {
        return texts("SELECT indexdef AS text FROM pg_indexes WHERE schemaname = 'dispatch'");
    }
    void require_rows_are_folds() {
        database.transact([&](store::Txn& txn) {
            std::vector<JobId> ids;
            for (const auto row : txn.exec("SELECT id FROM dispatch.job")) {
                ids.push_back(row.get<JobId>("id"));
            }
            const auto rows = dispatch::lock_jobs(txn, ids);
            const auto journals = dispatch::read_journals(txn, ids);
            for (const auto& [id, row] : rows) {
                REQUIRE((dispatch::fold(journals.at(id)) == row));
            }
        });
    }

    testkit::TempDir dir{"load-kill"};
    testkit::PostgresServer postgres{dir.path() + "/postgres"};
    testkit::NatsServer nats{dir.path() + "/nats"};
    testkit::Anvil anvil{dir.path() + "/bsc", {ChainId{31337}, 0, 1, kLongAgo}};
    store::Database database{testkit::migrated_database(postgres, kDatabase, "postgres"), "test", 2};

  private:
    static constexpr auto kDatabase = "load";
    static constexpr std::uint64_t kLongAgo =
        1'700'000'000;  // seconds; old enough for no assignments and no events

    std::set<std::string> texts(const std::string& sql) {
        return database.transact([&](store::Txn& txn) {
            std::set<std::string> out;
            for (const auto row : txn.exec(sql)) {
                out.insert(row.get<std::string>("text"));
            }
            return out;
        });
    }

    std::string contract_;
    BlockNum last_;
};

}  // namespace

TEST_CASE("Killable: at each transaction of a first history, before and after its commit") {
    const std::string point =
        GENERATE(as<std::string>{}, "projector.before_commit", "projector.after_commit");
    INFO(point);
    Scene scene;
    const auto whole = scene.indexes();
    std::size_t kills = 0;
    std::size_t within_load = 0;
    std::string story;  // number of entries after each kill
    // Each run continues from the last one; alternates with the second pass, so that a kill meets a prepared
    // batch.
    while (kills < 60 && scene.run_and_crash(point, kills % 2 == 0 ? 1 : 2)) {
        ++kills;
        story += " " + std::to_string(scene.count("dispatch.job_event"));
        within_load += scene.left_out() > 0 ? 1 : 0;
        scene.require_rows_are_folds();
        if (point == "projector.before_commit") {
            scene.run_and_crash("projector.after_commit",
                                1);  // at least one transaction further, otherwise it would never finish
        }
    }
    INFO(kills << " kills, " << within_load << " within the load; entries after each:" << story);
    CHECK(kills > 1);
    CHECK(kills < 60);
    CHECK(within_load > 0);
    CHECK(scene.indexes() == whole);
    const auto journal = [&](const std::string& kind) {
        return scene.count("dispatch.job_event WHERE NOT orphaned AND kind = '" + kind + "'");
    };
    CHECK(journal("created") == kJobs);
    CHECK(journal("confirmed") == kConfirmed);
    CHECK(journal("claimed") == kClaimed);
    CHECK(scene.count("(SELECT DISTINCT job_id, kind FROM dispatch.job_event) e") ==
          kJobs + kConfirmed + kClaimed);
    CHECK(scene.count("dispatch.job WHERE chain_state = 'created'") == kJobs - kConfirmed);
    CHECK(scene.count("dispatch.job WHERE chain_state = 'confirmed'") == kConfirmed - kClaimed);
    CHECK(scene.count("dispatch.job WHERE chain_state = 'paid'") == kClaimed);
    scene.require_rows_are_folds();
}
