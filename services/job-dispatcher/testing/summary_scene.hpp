// Test scene of summaries: random jobs, and a recount of all of them.
#pragma once

#include <catch2/catch.hpp>
#include <cmath>
#include <map>
#include <random>
#include <set>
#include <tuple>

#include "services/job-dispatcher/jobs/job_store.hpp"
#include "services/job-dispatcher/summary/summary_store.hpp"
#include "services/job-dispatcher/testing/projection_world.hpp"
#include "testkit/migrated_database.hpp"

namespace lamda::dispatch::testing {

using wire::ChainState;
using wire::WorkState;

/// Scope, address in hex, begin in seconds, timeline, state, grade.
using Key = std::tuple<std::string, std::string, std::int64_t, std::string, std::string, int>;
struct Sum {
    std::int64_t jobs = 0;
    U256 amount = 0;
    bool operator==(const Sum&) const = default;
};
using Summary = std::map<Key, Sum>;

inline constexpr std::int64_t kHour = 3'600;
inline constexpr std::int64_t kDay = 86'400;

inline std::int64_t begin_of(Timestamp at, std::int64_t period) {
    const auto seconds = std::chrono::floor<std::chrono::seconds>(at.time_since_epoch()).count();
    return seconds - seconds % period;
}

inline int grade_of(Millis time) {
    int grade = 0;
    while (std::pow(2.0, grade / 8.0) * 1000.0 < static_cast<double>(time.count())) {
        ++grade;
    }
    return grade;
}

/// The summary as it has to be, from all jobs.
inline Summary recount(store::Database& database) {
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

inline Summary stored(store::Database& database) {
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

inline Address address_of(std::uint8_t role, std::size_t number) {
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
                job.id = job_id(next_++);
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

inline std::size_t summarize(store::Database& database, std::size_t most) {
    return database.transact([&](store::Txn& txn) { return summarize_jobs(txn, most); });
}

struct SummaryScene {
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

}  // namespace lamda::dispatch::testing
