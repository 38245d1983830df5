// Tests of the summaries of jobs: after any history they equal a recount of all jobs.
#include <catch2/catch.hpp>
#include <cmath>
#include <map>
#include <random>
#include <thread>
#include <tuple>

#include "services/job-dispatcher/jobs/job_store.hpp"
#include "services/job-dispatcher/summary/summary_loop.hpp"
#include "services/job-dispatcher/summary/summary_store.hpp"
#include "services/job-dispatcher/testing/projection_world.hpp"
#include "testkit/migrated_database.hpp"
#include "testkit/patience.hpp"

using namespace lamda;
using namespace lamda::dispatch;
using wire::ChainState;
using wire::WorkState;

namespace {

/// Scope, address in hex, begin in seconds, timeline, state, grade.
using Key = std::tuple<std::string, std::string, std::int64_t, std::string, std::string, int>;
struct Sum {
    std::int64_t jobs = 0;
    U256 amount = 0;
    bool operator==(const Sum&) const = default;
};
using Summary = std::map<Key, Sum>;

constexpr std::int64_t kHour = 3'600;
constexpr std::int64_t kDay = 86'400;

std::int64_t begin_of(Timestamp at, std::int64_t period) {
    const auto seconds = std::chrono::floor<std::chrono::seconds>(at.time_since_epoch()).count();
    return seconds - seconds % period;
}

int grade_of(Millis time) {
    int grade = 0;
    while (std::pow(2.0, grade / 8.0) * 1000.0 < static_cast<double>(time.count())) {
        ++grade;
    }
    return grade;
}

/// The summary as it has to be, from all jobs.
Summary recount(store::Database& database) {
    Summary out;
    std::set<std::tuple<std::string, std::int64_t, Address>> active;
    const auto add = [&](const Key& key, const JobRow& job) {
        auto& sum = out[key];
        ++sum.jobs;
        sum.amount += job.payment;
    };
    database.transact([&](store::Txn& txn) {
        std::vector<JobId> ids;
        for (const auto row : txn.exec("SELECT id FROM dispatch.job")) {
            ids.push_back(row.get<JobId>("id"));
        }
        for (const auto& [id, job] : lock_jobs(txn, ids)) {
            const std::string status(wire::to_string(job.status()));
            const auto created = job.created_at;
            add({"hour", "", begin_of(created, kHour), "created", status, 0}, job);
            add({"day", "", begin_of(created, kDay), "created", status, 0}, job);
            add({"provider", job.provider.hex(), begin_of(created, kDay), "created", status, 0}, job);
            add({"renter", job.renter.hex(), begin_of(created, kDay), "created", status, 0}, job);
            if (job.chain_state == ChainState::kAbsent || !job.work_state ||
                !wire::is_terminal(*job.work_state)) {
                continue;
            }
            const std::string ended(wire::to_string(*job.work_state));
            const auto at = job.work_since;
            const bool completed = job.work_state == WorkState::kCompleted;
            const int grade = completed ? grade_of(at - created) : 0;
            add({"hour", "", begin_of(at, kHour), "finished", ended, grade}, job);
            add({"day", "", begin_of(at, kDay), "finished", ended, grade}, job);
            add({"provider", job.provider.hex(), begin_of(at, kDay), "finished", ended, grade}, job);
            if (completed) {
                active.emplace("hour", begin_of(at, kHour), job.provider);
                active.emplace("day", begin_of(at, kDay), job.provider);
            }
        }
    });
    for (const auto& [scope, begin, provider] : active) {
        ++out[{scope, "", begin, "active", "", 0}].jobs;
    }
    return out;
}

Summary stored(store::Database& database) {
    Summary out;
    database.transact([&](store::Txn& txn) {
        for (const auto row : txn.exec(
                 "SELECT *, extract(epoch FROM starts_at)::bigint AS begin FROM (SELECT period AS scope, "
                 "''::bytea AS address, starts_at, timeline, state, grade, jobs, amount FROM "
                 "api.market_summary UNION ALL SELECT role, address, starts_at, timeline, state, grade, "
                 "jobs, "
                 "amount FROM api.address_summary) s WHERE jobs <> 0 OR amount <> 0")) {
            const auto address = row.get<Bytes>("address");
            const Key key{row.get<std::string>("scope"),  address.empty() ? "" : to_hex(address),
                          row.get<std::int64_t>("begin"), row.get<std::string>("timeline"),
                          row.get<std::string>("state"),  row.get<int>("grade")};
            out[key] = {row.get<std::int64_t>("jobs"), row.get<U256>("amount")};
        }
    });
    return out;
}

Address address_of(std::uint8_t role, std::size_t number) {
    Address out;
    out.array()[0] = role;
    out.array()[19] = static_cast<std::uint8_t>(number);
    return out;
}

/// Random jobs.
class Market {
  public:
    explicit Market(unsigned seed) : dice_(seed) {}

    std::size_t below(std::size_t end) {
        return std::uniform_int_distribution<std::size_t>(0, end - 1)(dice_);
    }
    /// Gives the job a random state, as if statuses, reorgs and repairs had led to it.
    void change(JobRow& job) {
        job.chain_state = static_cast<ChainState>(below(4));
        job.work_state = below(5) == 0 ? std::nullopt : std::optional(static_cast<WorkState>(below(10)));
        job.renter = address_of(1, below(3));
        job.provider = address_of(2, below(3));
        job.payment = U256(below(1'000)) * U256("1000000000000000000000");
        job.created_at = from_unix_seconds(1'795'000'000 + static_cast<std::int64_t>(below(3 * kDay)));
        static const std::vector<std::int64_t> kTimes{-5'000, 0, 999, 1'000, 1'001, 2'000, 4'001, 1'024'000};
        job.work_since =
            job.created_at + Millis(below(2) == 0 ? kTimes.at(below(kTimes.size()))
                                                  : static_cast<std::int64_t>(below(2 * kDay) * 1000));
        job.last_event = static_cast<std::int64_t>(below(1'000));
    }
    /// Inserts, updates or deletes some jobs.
    void write(store::Database& database) {
        std::map<JobId, JobRow> changed;
        const bool inserts = rows_.empty() || below(2) == 0;
        for (std::size_t i = 0, n = below(3) == 0 ? 40 : 1 + below(3); i < n; ++i) {
            JobRow job;
            if (inserts) {
                job.id = dispatch::testing::job_id(next_++);
            } else {
                job = std::next(rows_.begin(), static_cast<std::ptrdiff_t>(below(rows_.size())))->second;
            }
            change(job);
            changed[job.id] = job;
        }
        std::vector<const JobRow*> rows;
        for (const auto& [id, job] : changed) {
            rows.push_back(&job);
        }
        const bool fails = below(6) == 0;
        try {
            database.transact([&](store::Txn& txn) {
                inserts ? insert_jobs(txn, rows) : update_jobs(txn, rows);
                if (fails) {
                    throw std::runtime_error("rolled back");
                }
            });
        } catch (const std::runtime_error&) {
            REQUIRE(fails);
            return;
        }
        for (auto& [id, job] : changed) {
            rows_[id] = job;
        }
    }

  private:
    std::mt19937 dice_;
    std::map<JobId, JobRow> rows_;
    std::uint64_t next_ = 0;
};

std::size_t summarize(store::Database& database, std::size_t most) {
    return database.transact([&](store::Txn& txn) { return summarize_jobs(txn, most); });
}

struct Scene {
    testkit::TempDir dir{"summary"};
    testkit::PostgresServer postgres{dir.path()};
    store::Database admin{testkit::migrated_database(postgres, "dispatch", "postgres"), "test", 2};
    store::Database database{testkit::role_dsn(postgres, "dispatch", store::kDispatcherRole), "test", 2};
    store::Database other{testkit::role_dsn(postgres, "dispatch", store::kDispatcherRole), "other", 2};

    std::int64_t waiting() {
        return admin.transact([](store::Txn& txn) {
            return txn.one("SELECT count(*) AS n FROM dispatch.job_change").get<std::int64_t>("n");
        });
    }
};

}  // namespace

TEST_CASE(
    "Derived: after any history, with crashes in its middle, the summaries equal a recount of all jobs") {
    const auto seed = GENERATE(range(1U, 5U));
    INFO("seed " << seed);
    Scene scene;
    Market market(seed);
    for (int round = 0; round < 8; ++round) {
        for (int step = 0; step < 15; ++step) {
            market.write(scene.database);
            switch (market.below(5)) {
                case 0:
                    summarize(scene.database, 1 + market.below(30));
                    break;
                case 1:  // killed after the step, before its commit
                    CHECK_THROWS(scene.database.transact([&](store::Txn& txn) {
                        const auto pid = txn.one("SELECT pg_backend_pid() AS pid").get<int>("pid");
                        summarize_jobs(txn, 20);
                        scene.admin.transact([&](store::Txn& killer) {
                            killer.exec("SELECT pg_terminate_backend($1, 10000)", {pid});
                        });
                    }));
                    break;
                case 2:
                    scene.admin.transact(
                        [](store::Txn& txn) { txn.exec("DELETE FROM dispatch.job WHERE last_event < 20"); });
                    break;
                default:
                    break;
            }
        }
        while (summarize(scene.database, 50) > 0) {
        }
        CHECK(scene.waiting() == 0);
        CHECK(stored(scene.admin) == recount(scene.admin));
    }
}

TEST_CASE("the summaries of two instances that work at the same time equal a recount") {
    Scene scene;
    Market market(7);
    {
        const auto loop = [](store::Database& database) {
            return std::jthread([&database](const std::stop_token& stop) { keep_summaries(database, stop); });
        };
        const auto first = loop(scene.database);
        const auto second = loop(scene.other);
        for (int step = 0; step < 150; ++step) {
            market.write(scene.database);
        }
        REQUIRE(testkit::wait_until([&] { return scene.waiting() == 0; }));
    }
    CHECK(stored(scene.admin) == recount(scene.admin));
    SECTION("while one is at it, the other one adds nothing and waits for nothing") {
        market.write(scene.database);
        market.write(scene.database);
        scene.database.transact([&](store::Txn& txn) {
            CHECK(summarize_jobs(txn, 1) == 1);
            CHECK(summarize(scene.other, 1'000) == 0);
        });
    }
}

TEST_CASE("a reorg takes its jobs out of the summaries, and their return brings them back") {
    dispatch::testing::ProjectionScene scene;
    const auto summed = [&](const std::string& what) {
        while (summarize(scene.database, 100) > 0) {
        }
        CHECK(stored(scene.database) == recount(scene.database));
        return scene.database.transact([&](store::Txn& txn) {
            return txn
                .one(
                    "SELECT coalesce(sum(jobs), 0)::bigint AS n FROM api.market_summary WHERE period = 'day' "
                    "AND " +
                    what)
                .get<std::int64_t>("n");
        });
    };
    scene.projector.apply(scene.chain.next(dispatch::testing::LogKind::kCreated, 0, 4, 1));
    const auto before = *scene.chain.head();
    scene.projector.apply(scene.chain.next(dispatch::testing::LogKind::kCreated, 4, 3, 1));
    CHECK(summed("state = 'created'") == 7);
    scene.projector.unwind(scene.chain.back_to(before));
    CHECK(summed("state = 'created'") == 4);
    CHECK(summed("state = 'retracted'") == 3);
    scene.projector.apply(scene.chain.next(dispatch::testing::LogKind::kCreated, 4, 2, 1));
    CHECK(summed("state = 'created'") == 6);
    CHECK(summed("state = 'retracted'") == 1);
}

TEST_CASE("the jobs of an earlier release are summarized after the migration") {
    testkit::TempDir dir{"summary"};
    testkit::PostgresServer postgres{dir.path()};
    store::Database database{postgres.create_database("old"), "test", 2};
    const auto all = store::embedded_migrations();
    const auto added = std::find_if(all.begin(), all.end(), [](const auto& migration) {
        return migration.name.ends_with("_summarize_jobs.sql");
    });
    REQUIRE(added != all.end());
    store::migrate(database, all.first(static_cast<std::size_t>(added - all.begin())));
    Market market(3);
    for (int i = 0; i < 10; ++i) {
        market.write(database);
    }
    store::migrate(database);
    market.write(database);
    while (summarize(database, 7) > 0) {
    }
    CHECK_FALSE(recount(database).empty());
    CHECK(stored(database) == recount(database));
}
