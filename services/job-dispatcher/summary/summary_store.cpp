#include "services/job-dispatcher/summary/summary_store.hpp"

#include <string>

namespace lamda::dispatch {

namespace {

/// Takes the oldest changes, and says what each one counts as. A retracted job has no end; its status is
/// counted.
const std::string kTakeSql = R"(WITH
    gone AS (
        DELETE FROM dispatch.job_change
        WHERE ctid = ANY (ARRAY(SELECT ctid FROM dispatch.job_change ORDER BY id LIMIT $1)) RETURNING *),
    version AS (
        SELECT *, CASE WHEN work_state IN ('completed', 'failed', 'cancelled', 'expired') AND status <> 'retracted'
                       THEN work_since END AS finished_at,
               CASE WHEN work_state = 'completed' AND work_since - created_at > interval '1 second'
                    THEN ceil(8 * log(2, extract(epoch FROM work_since - created_at)))::smallint
                    ELSE 0::smallint END AS grade
        FROM gone))";

/// Sums of the versions for the market's hours and days, and which providers become active or inactive.
const std::string kMarketSql = R"(,
    market AS (
        SELECT p.period, date_trunc(p.period, s.at, 'UTC') AS starts_at, s.timeline, s.state, s.grade,
               sum(v.times) AS jobs, sum(v.times * v.payment) AS amount
        FROM version v CROSS JOIN (VALUES ('hour'), ('day')) p (period) CROSS JOIN LATERAL (VALUES
            (v.created_at, 'created', v.status, 0::smallint), (v.finished_at, 'finished', v.work_state, v.grade)
        ) s (at, timeline, state, grade)
        WHERE s.at IS NOT NULL
        GROUP BY 1, 2, 3, 4, 5
        HAVING sum(v.times) <> 0 OR sum(v.times * v.payment) <> 0),
    activity AS (
        SELECT p.period, date_trunc(p.period, v.finished_at, 'UTC') AS starts_at, v.provider, sum(v.times) AS more
        FROM version v CROSS JOIN (VALUES ('hour'), ('day')) p (period)
        WHERE v.finished_at IS NOT NULL AND v.work_state = 'completed'
        GROUP BY 1, 2, 3
        HAVING sum(v.times) <> 0),
    known AS (
        SELECT n.*, coalesce(a.completed, 0) AS completed
        FROM activity n LEFT JOIN dispatch.provider_activity a
            ON a.period = n.period AND a.starts_at = n.starts_at AND a.provider = n.provider),
    active AS (
        SELECT period, starts_at, sum((completed + more > 0)::integer - (completed > 0)::integer) AS nodes
        FROM known GROUP BY 1, 2),
    kept AS (
        INSERT INTO dispatch.provider_activity AS a (period, starts_at, provider, completed)
        SELECT period, starts_at, provider, more FROM known
        ON CONFLICT (period, starts_at, provider) DO UPDATE SET completed = a.completed + excluded.completed),
    market_kept AS (
        INSERT INTO dispatch.market_summary AS s (period, starts_at, timeline, state, grade, jobs, amount)
        SELECT * FROM market
        UNION ALL SELECT period, starts_at, 'active', '', 0, nodes, 0 FROM active WHERE nodes <> 0
        ON CONFLICT (period, timeline, starts_at, state, grade)
            DO UPDATE SET jobs = s.jobs + excluded.jobs, amount = s.amount + excluded.amount))";

/// Sums of the versions for the days of providers and renters.
const std::string kAddressSql = R"(,
    address AS (
        SELECT s.role, s.address, s.timeline, date_trunc('day', s.at, 'UTC') AS starts_at, s.state, s.grade,
               sum(v.times) AS jobs, sum(v.times * v.payment) AS amount
        FROM version v CROSS JOIN LATERAL (VALUES
            ('renter', v.renter, 'created', v.created_at, v.status, 0::smallint),
            ('provider', v.provider, 'created', v.created_at, v.status, 0),
            ('provider', v.provider, 'finished', v.finished_at, v.work_state, v.grade)
        ) s (role, address, timeline, at, state, grade)
        WHERE s.at IS NOT NULL
        GROUP BY 1, 2, 3, 4, 5, 6
        HAVING sum(v.times) <> 0 OR sum(v.times * v.payment) <> 0),
    address_kept AS (
        INSERT INTO dispatch.address_summary AS s (role, address, timeline, starts_at, state, grade, jobs, amount)
        SELECT * FROM address
        ON CONFLICT (role, address, timeline, starts_at, state, grade)
            DO UPDATE SET jobs = s.jobs + excluded.jobs, amount = s.amount + excluded.amount)
    SELECT count(*) AS changes FROM gone)";

}  // namespace

std::size_t summarize_jobs(store::Txn& txn, std::size_t most) {
    // One at a time: the numbers of active providers follow from what was added before.
    const auto lock =
        txn.one("SELECT pg_try_advisory_xact_lock(hashtextextended('dispatch.job_summary', 0)) AS taken");
    if (!lock.get<bool>("taken")) {
        return 0;
    }
    // A lost commit loses the deletion of the changes, too.
    txn.exec("SET LOCAL synchronous_commit = off");
    return txn.one(kTakeSql + kMarketSql + kAddressSql, {static_cast<std::uint64_t>(most)})
        .get<std::size_t>("changes");
}

}  // namespace lamda::dispatch
