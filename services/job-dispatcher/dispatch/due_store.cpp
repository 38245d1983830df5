#include "services/job-dispatcher/dispatch/due_store.hpp"

#include "store/values.hpp"

namespace lamda::dispatch {

namespace {

/// Selects final jobs that are not evaluated (public status `created`), and jobs whose missing spec or
/// provider has arrived. Evaluation changes the state of each. Reads jobs with status `created` in index
/// order, up to the limit: there may be a million.
constexpr auto kDueSql = R"(
SELECT id, provider,
       EXISTS (SELECT 1 FROM api.node n WHERE n.wallet_address = provider AND n.is_registered) AS is_registered
FROM (
    (SELECT j.id, j.provider, j.block_num, j.log_index FROM dispatch.job j
     WHERE j.status = 'created' AND j.block_num <= $1 AND NOT (j.provider = ANY ($3::bytea[])) ORDER BY j.block_num, j.log_index LIMIT $2)
    UNION ALL
    SELECT j.id, j.provider, j.block_num, j.log_index FROM dispatch.job j
    WHERE j.work_state = 'awaiting_spec' AND j.chain_state = 'created' AND j.block_num <= $1
      AND NOT (j.provider = ANY ($3::bytea[]))
      AND (EXISTS (SELECT 1 FROM dispatch.spec s WHERE s.id = j.id)
           OR EXISTS (SELECT 1 FROM dispatch.attached_spec a WHERE a.job_id = j.id))
    UNION ALL
    SELECT j.id, j.provider, j.block_num, j.log_index FROM dispatch.job j
    WHERE j.work_state = 'awaiting_provider' AND j.chain_state = 'created' AND j.block_num <= $1
      AND NOT (j.provider = ANY ($3::bytea[]))
      AND EXISTS (SELECT 1 FROM api.node n WHERE n.wallet_address = j.provider AND n.is_registered)
) due
ORDER BY block_num, log_index LIMIT $2)";

constexpr auto kNewlyFinalSql = R"(
SELECT j.id, j.provider,
       EXISTS (SELECT 1 FROM api.node n WHERE n.wallet_address = j.provider AND n.is_registered) AS is_registered
FROM dispatch.job j WHERE j.status = 'created' AND j.block_num > $1 AND j.block_num <= $2
ORDER BY j.block_num, j.log_index LIMIT $3)";

std::vector<DueJob> read_due(const store::Rows& rows) {
    std::vector<DueJob> out;
    for (const auto row : rows) {
        out.push_back({row.get<JobId>("id"), row.get<Address>("provider"), row.get<bool>("is_registered")});
    }
    return out;
}

}  // namespace

std::vector<Address> active_providers(store::Txn& txn) {
    std::vector<Address> out;
    for (const auto row :
         txn.exec("SELECT wallet_address FROM api.node WHERE is_registered AND heartbeat_seq > 0 "
                  "AND last_seen > now() - interval '7 days'")) {
        out.push_back(row.get<Address>("wallet_address"));
    }
    return out;
}

std::vector<DueJob> due_jobs(store::Txn& txn, BlockNum boundary, const std::vector<Address>& without,
                             std::size_t most) {
    return read_due(
        txn.exec(kDueSql, {boundary, static_cast<std::uint64_t>(most), store::array_of(without)}));
}

std::vector<DueJob> newly_final_jobs(store::Txn& txn, BlockNum after, BlockNum boundary, std::size_t most) {
    return read_due(txn.exec(kNewlyFinalSql, {after, boundary, static_cast<std::uint64_t>(most)}));
}

std::vector<AwaitedSpec> awaited_specs(store::Txn& txn) {
    std::vector<AwaitedSpec> out;
    for (const auto row :
         txn.exec("SELECT id, renter, payment, work_since FROM ("
                  "SELECT id, renter, payment, work_since, "
                  "row_number() OVER (PARTITION BY renter ORDER BY work_since) AS turn FROM dispatch.job "
                  "WHERE work_state = 'awaiting_spec' AND chain_state = 'created') AS awaited "
                  "WHERE turn <= 1000 ORDER BY turn, payment DESC LIMIT 10000")) {
        out.push_back({row.get<JobId>("id"), row.get<Address>("renter"), row.get<U256>("payment"),
                       row.get<Timestamp>("work_since")});
    }
    return out;
}

std::vector<JobId> overdue_specs(store::Txn& txn, Timestamp before) {
    std::vector<JobId> out;
    for (const auto row : txn.exec("SELECT id FROM dispatch.job WHERE work_state = 'awaiting_spec' AND "
                                   "work_since < $1 LIMIT 500",
                                   {before})) {
        out.push_back(row.get<JobId>("id"));
    }
    return out;
}

}  // namespace lamda::dispatch
