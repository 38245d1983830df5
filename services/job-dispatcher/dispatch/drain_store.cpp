#include "services/job-dispatcher/dispatch/drain_store.hpp"

namespace lamda::dispatch {

namespace {

constexpr auto kChangesSql = R"(
SELECT j.id, true AS draining FROM dispatch.job j JOIN api.node_notice n ON n.wallet_address = j.provider
WHERE j.work_state = 'assigned' AND j.chain_state = 'created'
  AND j.drain_notices % 2 = 0 AND j.drain_notices < $1 AND n.notice -> 'draining' = 'true'
UNION ALL
SELECT j.id, false FROM dispatch.job j LEFT JOIN api.node_notice n ON n.wallet_address = j.provider
WHERE j.work_state = 'assigned' AND j.chain_state = 'created'
  AND j.drain_notices % 2 = 1 AND n.notice -> 'draining' IS DISTINCT FROM 'true'
LIMIT $2)";

}  // namespace

std::map<JobId, bool> drain_changes(store::Txn& txn, std::uint32_t most_notices, std::size_t most) {
    std::map<JobId, bool> out;
    for (const auto row : txn.exec(kChangesSql, {most_notices, static_cast<std::uint64_t>(most)})) {
        out.emplace(row.get<JobId>("id"), row.get<bool>("draining"));
    }
    return out;
}

}  // namespace lamda::dispatch
