#include "services/job-dispatcher/jobs/status_store.hpp"

#include <algorithm>
#include <iterator>

#include "outbox/dead_letter.hpp"
#include "services/job-dispatcher/ingest/deployment.hpp"
#include "services/job-dispatcher/jobs/job_store.hpp"
#include "store/values.hpp"
#include "wire/subjects.hpp"

namespace lamda::dispatch {

namespace {

/// Selects spec, attempt and journal entry of a status, always one row.
constexpr auto kStatusSql = R"(
SELECT s.spec, a.last_seq, a.state = 'waiting' AS waiting,
       EXISTS (SELECT 1 FROM dispatch.job_event e WHERE e.job_id = $1 AND e.attempt = $2 AND e.seq = $3)
           AS in_journal,
       (SELECT count(*) FROM dispatch.job_event e WHERE e.job_id = $1 AND e.refused_reason IS NOT NULL)
           AS refused
FROM (SELECT $1::bytea AS id) AS wanted
LEFT JOIN dispatch.attached_spec t ON t.job_id = wanted.id
LEFT JOIN dispatch.spec s ON s.id = coalesce(t.spec_id, wanted.id)
LEFT JOIN dispatch.assignment a ON a.job_id = wanted.id AND a.attempt = $2)";

/// Selects jobs with early statuses that were stored while another transaction wrote the job's row.
constexpr auto kLeftEarlySql = R"(
SELECT DISTINCT e.job_id FROM dispatch.early_status e JOIN dispatch.job j ON j.id = e.job_id
WHERE j.work_state IS NOT NULL OR j.chain_state IN ('confirmed', 'paid') LIMIT $1)";

/// Limits of stored early statuses: of one provider, and of all providers that are not registered.
constexpr std::int64_t kEarlyOfProvider = 200;
constexpr std::int64_t kEarlyInTotal = 1'000;

/// True if another early status of this provider is within the limits.
bool has_room_for_early(store::Txn& txn, const Address& provider) {
    const auto row = txn.first(
        "SELECT (SELECT count(*) FROM (SELECT 1 FROM dispatch.early_status WHERE provider = $1 LIMIT $2) AS "
        "own) "
        "< $2 AND (EXISTS (SELECT 1 FROM api.node WHERE wallet_address = $1 AND is_registered) OR "
        "(SELECT count(*) FROM (SELECT 1 FROM dispatch.early_status LIMIT $3) AS every) < $3) AS room",
        {provider, kEarlyOfProvider, kEarlyInTotal});
    return row->get<bool>("room");
}

/// Stores the status. Does nothing if it is stored already.
void put_early_status(store::Txn& txn, const ReceivedStatus& received) {
    const auto& status = received.status;
    txn.exec(
        "INSERT INTO dispatch.early_status (job_id, provider, attempt, seq, recovering, body) "
        "VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING",
        {status.job_id, status.provider, status.attempt, status.seq, received.recovering, received.body});
}

/// Reads attempts and journalled statuses of these jobs.
void read_histories(store::Txn& txn, const std::vector<JobId>& jobs,
                    std::map<JobId, EarlyStatuses>& histories) {
    for (const auto row : txn.exec("SELECT job_id, attempt, last_seq, state = 'waiting' AS waiting "
                                   "FROM dispatch.assignment WHERE job_id = ANY($1::bytea[])",
                                   {store::array_of(jobs)})) {
        histories.at(row.get<JobId>("job_id")).history.attempts[row.get<std::uint32_t>("attempt")] = {
            row.get<std::uint32_t>("last_seq"), row.get<bool>("waiting")};
    }
    for (const auto row :
         txn.exec("SELECT job_id, attempt, seq, refused_reason IS NOT NULL AS refused "
                  "FROM dispatch.job_event WHERE job_id = ANY($1::bytea[]) AND seq IS NOT NULL",
                  {store::array_of(jobs)})) {
        auto& history = histories.at(row.get<JobId>("job_id")).history;
        history.in_journal.emplace(row.get<std::uint32_t>("attempt"), row.get<std::uint32_t>("seq"));
        history.refused += row.get<bool>("refused") ? 1 : 0;
    }
}

}  // namespace

StatusCase load_status(store::Txn& txn, const ReceivedStatus& received) {
    const auto& status = received.status;
    StatusCase out;
    auto rows = lock_jobs(txn, {status.job_id});
    if (rows.empty()) {
        // Statuses of a former database all arrive before their jobs.
        out.has_room = received.recovering || has_room_for_early(txn, status.provider);
        return out;
    }
    out.row = std::move(rows.begin()->second);
    // A statement of its own: one that waits for the lock would not see what the lock's holder wrote to the
    // other tables.
    const auto found = txn.one(kStatusSql, {status.job_id, status.attempt, status.seq});
    if (!found.is_null("spec")) {
        out.spec = read_spec(as_string(found.get<Bytes>("spec"))).spec;
    }
    if (!found.is_null("last_seq")) {
        out.history.attempts[status.attempt] = {found.get<std::uint32_t>("last_seq"),
                                                found.get<bool>("waiting")};
    }
    out.history.refused = found.get<std::uint64_t>("refused");
    if (found.get<bool>("in_journal")) {
        out.history.in_journal.emplace(status.attempt, status.seq);
    }
    return out;
}

void save_status(store::Txn& txn, const ReceivedStatus& received, StatusDecision decision, ChainId chain,
                 Timestamp now) {
    if (decision.outcome == StatusOutcome::kEarly) {
        put_early_status(txn, received);
    }
    if (!decision.write.nothing()) {
        std::vector<JobWrite> writes;
        writes.push_back(std::move(decision.write));
        write_jobs(txn, writes, chain, now);
    }
}

bool early_statuses_wait(store::Txn& txn) {
    return txn.first("SELECT 1 AS one FROM dispatch.early_status LIMIT 1").has_value();
}

std::vector<JobId> jobs_with_early_status(store::Txn& txn, std::size_t most) {
    std::vector<JobId> out;
    for (const auto row : txn.exec(kLeftEarlySql, {static_cast<std::uint64_t>(most)})) {
        out.push_back(row.get<JobId>("job_id"));
    }
    return out;
}

std::map<JobId, EarlyStatuses> take_early_statuses(store::Txn& txn, const std::vector<JobId>& jobs) {
    std::map<JobId, EarlyStatuses> out;
    if (jobs.empty()) {
        return out;
    }
    for (const auto row :
         txn.exec("DELETE FROM dispatch.early_status WHERE job_id = ANY($1::bytea[]) RETURNING *",
                  {store::array_of(jobs)})) {
        auto body = row.get<std::string>("body");
        if (auto status = wire::parse_status(body)) {
            out[row.get<JobId>("job_id")].statuses.push_back(
                {std::move(*status), std::move(body), row.get<bool>("recovering")});
        }
    }
    if (!out.empty()) {
        std::vector<JobId> found;
        std::transform(out.begin(), out.end(), std::back_inserter(found),
                       [](const auto& each) { return each.first; });
        read_histories(txn, found, out);
    }
    return out;
}

void delete_early_statuses(store::Txn& txn, Timestamp before, std::size_t most) {
    for (const auto row :
         txn.exec("DELETE FROM dispatch.early_status WHERE ctid = ANY(ARRAY(SELECT ctid FROM "
                  "dispatch.early_status "
                  "WHERE received_at < $1 ORDER BY received_at LIMIT $2)) RETURNING provider, body",
                  {before, static_cast<std::uint64_t>(most)})) {
        outbox::put_dead_letter(txn, kOutboxOwner, wire::status_subject(row.get<Address>("provider")),
                                row.get<std::string>("body"),
                                "its job was not created, or its block did not become final, in time");
    }
}

}  // namespace lamda::dispatch
