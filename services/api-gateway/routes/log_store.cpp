#include "services/api-gateway/routes/log_store.hpp"

#include <limits>

#include "core/json_writer.hpp"
#include "store/values.hpp"
#include "wire/job_state.hpp"

namespace lamda::gateway {

namespace {

/// The database stops sending when the rows before a row have reached the page's bytes.
constexpr auto kPageSql = R"(
SELECT attempt, seq, stream, at, data, cut_bytes FROM (
    SELECT *, coalesce(sum(octet_length(data)) OVER (
        ORDER BY attempt, seq ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS bytes_before FROM (
        SELECT attempt, seq, stream, at, data, cut_bytes FROM api.job_log
        WHERE job_id = $1 AND (attempt, seq) > ($2::int, $3::bigint) AND attempt <= $4::int
          AND ($5::text IS NULL OR stream IN ($5, 'cut'))
        ORDER BY attempt, seq LIMIT $6) page) measured
WHERE bytes_before < $7 ORDER BY attempt, seq)";

constexpr auto kNextSql = R"(
SELECT f.n, l.attempt, l.seq, l.stream, l.at, l.data, l.cut_bytes
FROM unnest($1::bytea[], $2::int[], $3::bigint[], $4::int[])
     WITH ORDINALITY AS f (job_id, attempt, seq, last_attempt, n)
CROSS JOIN LATERAL (
    SELECT * FROM api.job_log c
    WHERE c.job_id = f.job_id AND (c.attempt, c.seq) > (f.attempt, f.seq) AND c.attempt <= f.last_attempt
    ORDER BY c.attempt, c.seq LIMIT $5) l
ORDER BY f.n, l.attempt, l.seq)";

constexpr auto kCut = "cut";

LogRow log_of(const store::Row& row) {
    return {{row.get<std::uint32_t>("attempt"), row.get<std::uint64_t>("seq")},
            row.get<std::string>("stream"),
            row.get<Timestamp>("at"),
            row.get<std::string>("data"),
            row.get<std::uint64_t>("cut_bytes")};
}

/// Place before the first wanted chunk.
LogPlace start_of(const LogQuery& query) {
    return query.attempt && query.after.attempt < *query.attempt ? LogPlace{*query.attempt, 0} : query.after;
}

std::uint32_t last_attempt_of(const LogQuery& query) {
    return query.attempt.value_or(std::numeric_limits<std::int32_t>::max());
}

}  // namespace

std::string log_json(const LogRow& row) {
    const bool cut = row.stream == kCut;
    JsonWriter out;
    out.begin_object();
    out.key("attempt").number(row.place.attempt);
    out.key("seq").raw(cut ? "null" : std::to_string(row.place.seq));
    out.key("stream").text(row.stream);
    out.key("at").text(to_rfc3339(row.at));
    out.key("data").text(row.data);
    out.key("cut_bytes").number(row.cut_bytes);
    return out.end_object().take();
}

bool is_wanted(const LogRow& row, const LogQuery& query) {
    return !query.stream || row.stream == *query.stream || row.stream == kCut;
}

LogPage read_logs(store::Txn& txn, const LogQuery& query) {
    const auto after = start_of(query);
    const auto rows = txn.exec(
        kPageSql, {query.job, after.attempt, after.seq, last_attempt_of(query), query.stream,
                   static_cast<std::uint64_t>(query.limit + 1), static_cast<std::uint64_t>(kLogPageBytes)});
    LogPage out;
    std::size_t bytes = 0;
    for (const auto row : rows) {
        if (out.rows.size() == query.limit || bytes >= kLogPageBytes) {
            break;
        }
        auto read = log_of(row);
        bytes += read.data.size();
        out.rows.push_back(std::move(read));
    }
    out.more = out.rows.size() < rows.size() || bytes >= kLogPageBytes;
    return out;
}

std::vector<std::vector<LogRow>> read_next_logs(store::Txn& txn, const std::vector<LogQuery>& queries,
                                                std::size_t most) {
    const auto each = [&](auto value) { return store::array_of(queries, value); };
    std::vector<std::vector<LogRow>> out(queries.size());
    for (const auto row :
         txn.exec(kNextSql, {each([](const LogQuery& query) { return query.job; }),
                             each([](const LogQuery& query) { return start_of(query).attempt; }),
                             each([](const LogQuery& query) { return start_of(query).seq; }),
                             each([](const LogQuery& query) { return last_attempt_of(query); }),
                             static_cast<std::uint64_t>(most)})) {
        out.at(row.get<std::uint64_t>("n") - 1).push_back(log_of(row));
    }
    return out;
}

std::map<JobId, Work> read_work(store::Txn& txn, const std::vector<JobId>& jobs) {
    std::map<JobId, Work> out;
    for (const auto row : txn.exec("SELECT id, attempt, status, work_state, chain_state FROM api.job "
                                   "WHERE id = ANY ($1::bytea[])",
                                   {store::array_of(jobs)})) {
        const auto text = row.maybe<std::string>("work_state");
        const auto state = text ? std::optional(wire::parse_work_state(*text).value()) : std::nullopt;
        const bool ended = state && (wire::is_terminal(*state) || *state == wire::WorkState::kMismatched);
        const auto chain = row.get<std::string>("chain_state");
        out[row.get<JobId>("id")] = {ended || chain == "paid" || chain == "absent",
                                     row.get<std::uint32_t>("attempt"), row.get<std::string>("status")};
    }
    return out;
}

}  // namespace lamda::gateway
