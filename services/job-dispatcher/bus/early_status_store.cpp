#include "services/job-dispatcher/bus/early_status_store.hpp"

namespace lamda::dispatch {

namespace {

/// Selects jobs with early statuses that were stored while another transaction wrote the job's row.
constexpr auto kLeftEarlySql = R"(
SELECT DISTINCT e.job_id FROM dispatch.early_status e JOIN dispatch.job j ON j.id = e.job_id
WHERE j.work_state IS NOT NULL OR j.chain_state IN ('confirmed', 'paid') LIMIT $1)";

}  // namespace

bool has_room_for_early(store::Txn& txn, const Address& provider, const EarlyLimits& limits) {
    const auto row = txn.first(
        "SELECT (SELECT count(*) FROM (SELECT 1 FROM dispatch.early_status WHERE provider = $1 LIMIT $2) AS "
        "own) "
        "< $2 AND (EXISTS (SELECT 1 FROM api.node WHERE wallet_address = $1 AND is_registered) OR "
        "(SELECT count(*) FROM (SELECT 1 FROM dispatch.early_status LIMIT $3) AS every) < $3) AS room",
        {provider, limits.of_provider, limits.in_total});
    return row->get<bool>("room");
}

void put_early_status(store::Txn& txn, const ReceivedStatus& received) {
    const auto& status = received.status;
    txn.exec(
        "INSERT INTO dispatch.early_status (job_id, provider, attempt, seq, recovering, body) "
        "VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING",
        {status.job_id, status.provider, status.attempt, status.seq, received.recovering, received.body});
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

std::vector<ReceivedStatus> take_early_statuses(store::Txn& txn, const JobId& job) {
    std::vector<ReceivedStatus> out;
    for (const auto row :
         txn.exec("DELETE FROM dispatch.early_status WHERE job_id = $1 RETURNING *", {job})) {
        auto body = row.get<std::string>("body");
        if (auto status = wire::parse_status(body)) {
            out.push_back({std::move(*status), std::move(body), row.get<bool>("recovering")});
        }
    }
    return out;
}

void delete_early_statuses(store::Txn& txn, Timestamp before) {
    txn.exec("DELETE FROM dispatch.early_status WHERE received_at < $1", {before});
}

}  // namespace lamda::dispatch
