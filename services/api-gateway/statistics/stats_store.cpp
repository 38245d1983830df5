#include "services/api-gateway/statistics/stats_store.hpp"

namespace lamda::gateway {

namespace {

/// Sums of the rows `part`, as columns. A retracted job counts nowhere. A sum may be below zero while changes
/// of jobs wait to be summarized; answers show no such sum.
const std::string kSums = R"(
    greatest(0, sum(jobs) FILTER (WHERE timeline = 'created' AND state <> 'retracted'))::bigint AS created,
    greatest(0, sum(amount) FILTER (WHERE timeline = 'created' AND state <> 'retracted'))::text AS volume,
    greatest(0, sum(jobs) FILTER (WHERE timeline = 'finished' AND state = 'completed'))::bigint AS completed,
    greatest(0, sum(jobs) FILTER (WHERE timeline = 'finished' AND state = 'failed'))::bigint AS failed,
    greatest(0, sum(jobs) FILTER (WHERE timeline = 'finished' AND state = 'cancelled'))::bigint AS cancelled,
    greatest(0, sum(jobs) FILTER (WHERE timeline = 'finished' AND state = 'expired'))::bigint AS expired,
    greatest(0, sum(jobs) FILTER (WHERE timeline = 'active'))::bigint AS active_nodes)";

/// Percentiles by nearest rank, of the rows `part`, grouped by `place`.
const std::string kTimes = R"(
    ranked AS (
        SELECT place, grade, sum(jobs) OVER (PARTITION BY place ORDER BY grade) AS reached,
               sum(jobs) OVER (PARTITION BY place) AS total
        FROM part WHERE timeline = 'finished' AND state = 'completed' AND jobs > 0),
    times AS (
        SELECT place, min(grade) FILTER (WHERE reached * 100 >= total * 50) AS p50,
               min(grade) FILTER (WHERE reached * 100 >= total * 95) AS p95
        FROM ranked GROUP BY place))";

const std::string kMarketSql = R"(WITH
    part AS MATERIALIZED (
        SELECT starts_at AS place, timeline, state, grade, jobs, amount FROM api.market_summary
        WHERE period = $1 AND timeline IN ('created', 'finished', 'active') AND starts_at >= $2 AND starts_at < $3
              AND jobs <> 0),)" +
                               kTimes + ", sums AS (SELECT place," + kSums + R"( FROM part GROUP BY place)
    SELECT s.*, t.p50, t.p95 FROM sums s LEFT JOIN times t ON t.place = s.place)";

const std::string kNodeSql = R"(WITH
    part AS MATERIALIZED (
        SELECT 1 AS place, timeline, state, grade, sum(jobs) AS jobs, sum(amount) AS amount FROM api.address_summary
        WHERE role = 'provider' AND address = $1 AND timeline = 'finished'
        GROUP BY timeline, state, grade HAVING sum(jobs) <> 0),)" +
                             kTimes + ", sums AS (SELECT" + kSums + R"( FROM part)
    SELECT s.*, t.p50, t.p95 FROM sums s LEFT JOIN times t ON true)";

/// Before its oldest kept change a node had that change's previous state, as far as changes were deleted for
/// their age, and not for their number (services/node-registry/presence/presence_history_store.hpp).
constexpr auto kOnlineSql = R"(WITH
    bound AS (SELECT now() - interval '30 days' AS cutoff),
    change AS (
        SELECT greatest(least(h.at, now()), b.cutoff) AS at, h.state, h.previous_state, h.number
        FROM api.node_history h CROSS JOIN bound b WHERE h.wallet_address = $1),
    step AS (
        SELECT at, state, previous_state, number, lead(at, 1, now()) OVER (ORDER BY number) AS until,
               row_number() OVER (ORDER BY number) AS place, count(*) OVER () AS kept
        FROM change),
    span AS (
        SELECT at, until, state FROM step
        UNION ALL
        SELECT b.cutoff, s.at, s.previous_state FROM step s CROSS JOIN bound b
        WHERE s.place = 1 AND s.number > 1 AND s.kept < 10000
        UNION ALL
        SELECT greatest(least(p.since, now()), b.cutoff), now(), p.state FROM api.node_presence p CROSS JOIN bound b
        WHERE p.wallet_address = $1 AND NOT EXISTS (SELECT FROM step))
    SELECT min(at) AS observed_from,
           floor(10000 * coalesce(sum(extract(epoch FROM until - at)) FILTER (WHERE state <> 'offline'), 0)
                 / nullif(sum(extract(epoch FROM until - at)), 0))::bigint AS share
    FROM span)";

Finished finished_of(const store::Row& row) {
    return {row.get<std::int64_t>("completed"), row.get<std::int64_t>("failed"),
            row.get<std::int64_t>("cancelled"), row.get<std::int64_t>("expired")};
}

CompletionGrades grades_of(const store::Row& row) {
    const auto grade = [&](const char* column) {
        const auto value = row.maybe<std::int64_t>(column);
        return value ? std::optional(static_cast<int>(*value)) : std::nullopt;
    };
    return {grade("p50"), grade("p95")};
}

}  // namespace

std::map<Timestamp, MarketInterval> read_market(store::Txn& txn, const MarketRequest& request) {
    std::map<Timestamp, MarketInterval> out;
    for (const auto row :
         txn.exec(kMarketSql, {to_string(request.interval), request.range.from, request.range.to})) {
        MarketInterval interval;
        interval.created = row.get<std::int64_t>("created");
        interval.volume = row.get<std::string>("volume");
        interval.finished = finished_of(row);
        interval.active_nodes = row.get<std::int64_t>("active_nodes");
        interval.completion = grades_of(row);
        out.emplace(row.get<Timestamp>("place"), std::move(interval));
    }
    return out;
}

JobStats read_job_stats(store::Txn& txn, const JobStatsRequest& request) {
    const bool market = !request.renter && !request.provider;
    std::vector<store::Param> params;
    std::string sql =
        "SELECT state, jobs::bigint AS jobs, amount::text AS amount, "
        "coalesce(sum(jobs) FILTER (WHERE state <> 'retracted') OVER (), 0)::bigint AS all_jobs, "
        "coalesce(sum(amount) FILTER (WHERE state <> 'retracted') OVER (), 0)::text AS volume FROM "
        "(SELECT state, sum(jobs) AS jobs, greatest(0, sum(amount)) AS amount FROM ";
    if (market) {
        sql += "api.market_summary WHERE period = 'day' AND timeline = 'created'";
    } else {
        sql += std::string("api.address_summary WHERE timeline = 'created' AND role = ") +
               (request.renter ? "'renter'" : "'provider'") + " AND address = $1::bytea";
        params.emplace_back(request.renter ? *request.renter : *request.provider);
    }
    if (request.from) {
        params.emplace_back(*request.from);
        sql += " AND starts_at >= $" + std::to_string(params.size()) + "::timestamptz";
    }
    if (request.to) {
        params.emplace_back(*request.to);
        sql += " AND starts_at < $" + std::to_string(params.size()) + "::timestamptz";
    }
    JobStats out;
    for (const auto row : txn.exec(sql + " GROUP BY state HAVING sum(jobs) > 0) s", params)) {
        out.all = {row.get<std::int64_t>("all_jobs"), row.get<std::string>("volume")};
        out.statuses[row.get<std::string>("state")] = {row.get<std::int64_t>("jobs"),
                                                       row.get<std::string>("amount")};
    }
    return out;
}

NodeWork read_node_work(store::Txn& txn, const Address& provider) {
    const auto row = txn.one(kNodeSql, {provider});
    return {finished_of(row), grades_of(row)};
}

OnlineShare read_online_share(store::Txn& txn, const Address& provider) {
    const auto row = txn.one(kOnlineSql, {provider});
    return {row.maybe<Timestamp>("observed_from"), row.maybe<std::int64_t>("share")};
}

Timestamp database_now(store::Txn& txn) {
    return txn.one("SELECT now() AS now").get<Timestamp>("now");
}

}  // namespace lamda::gateway
