#include "services/job-dispatcher/bus/log_store.hpp"

#include <set>

#include "store/channels.hpp"
#include "store/values.hpp"

namespace lamda::dispatch {

namespace {

/// Selects attempts that were sent, with the size of their kept logs. The size is read from the index.
constexpr auto kSentSql = R"(
SELECT a.job_id, a.attempt, a.provider, t.bytes, t.chunks
FROM unnest($1::bytea[], $2::int[]) AS w (job_id, attempt)
JOIN dispatch.assignment a ON a.job_id = w.job_id AND a.attempt = w.attempt
CROSS JOIN LATERAL (SELECT coalesce(sum(l.bytes), 0)::bigint AS bytes, count(*) AS chunks FROM dispatch.job_log l
                    WHERE l.job_id = a.job_id AND l.attempt = a.attempt) t
WHERE a.state <> 'waiting')";

constexpr auto kKeptSql = R"(
SELECT l.job_id, l.attempt, l.seq
FROM unnest($1::bytea[], $2::int[], $3::bigint[]) AS w (job_id, attempt, seq)
JOIN dispatch.job_log l ON l.job_id = w.job_id AND l.attempt = w.attempt AND l.seq = w.seq)";

constexpr auto kInsertSql = R"(
INSERT INTO dispatch.job_log (job_id, attempt, seq, stream, at, data, bytes)
SELECT w.job_id, w.attempt, w.seq, w.stream, w.at, w.data, octet_length(w.data)
FROM unnest($1::bytea[], $2::int[], $3::bigint[], $4::text[], $5::timestamptz[], $6::text[])
     AS w (job_id, attempt, seq, stream, at, data)
ON CONFLICT DO NOTHING)";

constexpr auto kCutSql = R"(
INSERT INTO dispatch.job_log AS l (job_id, attempt, seq, stream, at, data, bytes, cut_bytes)
VALUES ($1, $2, $3, 'cut', now(), '', $5, $4)
ON CONFLICT (job_id, attempt, seq) DO UPDATE SET cut_bytes = l.cut_bytes + excluded.cut_bytes)";

}  // namespace

LogsKnown load_logs(store::Txn& txn, const std::vector<ReceivedLog>& batch) {
    LogsKnown out;
    std::set<LogAttempt> attempts;
    for (const auto& received : batch) {
        attempts.insert({received.chunk.job_id, received.chunk.attempt});
    }
    for (const auto row : txn.exec(kSentSql, {store::array_of(attempts, &LogAttempt::job),
                                              store::array_of(attempts, &LogAttempt::attempt)})) {
        out.sent[{row.get<JobId>("job_id"), row.get<std::uint32_t>("attempt")}] = {
            row.get<Address>("provider"), row.get<std::uint64_t>("bytes"), row.get<std::uint64_t>("chunks")};
    }
    if (out.sent.empty()) {
        return out;
    }
    const auto each = [&](auto member) {
        return store::array_of(batch, [member](const ReceivedLog& log) { return log.chunk.*member; });
    };
    for (const auto row : txn.exec(kKeptSql, {each(&wire::LogChunk::job_id), each(&wire::LogChunk::attempt),
                                              each(&wire::LogChunk::seq)})) {
        out.chunks.emplace(LogAttempt{row.get<JobId>("job_id"), row.get<std::uint32_t>("attempt")},
                           row.get<std::uint64_t>("seq"));
    }
    return out;
}

void save_logs(store::Txn& txn, const LogsDecision& decision) {
    if (decision.keep.empty() && decision.cut_bytes.empty()) {
        return;
    }
    txn.exec("SET LOCAL synchronous_commit = off");
    const auto each = [&](auto member) {
        return store::array_of(decision.keep,
                               [member](const ReceivedLog* log) { return log->chunk.*member; });
    };
    if (!decision.keep.empty()) {
        txn.exec(kInsertSql,
                 {each(&wire::LogChunk::job_id), each(&wire::LogChunk::attempt), each(&wire::LogChunk::seq),
                  each(&wire::LogChunk::stream), each(&wire::LogChunk::at), each(&wire::LogChunk::data)});
    }
    for (const auto& [attempt, bytes] : decision.cut_bytes) {
        txn.exec(kCutSql, {attempt.job, attempt.attempt, kCutSeq, bytes, kMostLogBytes});
    }
    txn.notify(store::kLogChannel);
}

std::size_t delete_old_logs(store::Txn& txn, Millis keep, std::size_t most) {
    txn.exec("SET LOCAL synchronous_commit = off");
    return txn
        .exec(
            "DELETE FROM dispatch.job_log WHERE ctid = ANY (ARRAY(SELECT ctid FROM dispatch.job_log "
            "WHERE received_at < now() - $1::bigint * interval '1 ms' ORDER BY received_at LIMIT $2))",
            {static_cast<std::int64_t>(keep.count()), static_cast<std::uint64_t>(most)})
        .affected();
}

}  // namespace lamda::dispatch
