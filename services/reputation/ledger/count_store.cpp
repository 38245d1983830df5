#include "services/reputation/ledger/count_store.hpp"

namespace lamda::reputation {

std::vector<ProviderIncrements> read_provider_increments(store::Txn& txn, BlockNum upto) {
    std::vector<ProviderIncrements> out;
    for (const auto& row :
         txn.exec("SELECT provider, count(*) AS n, min(new_count) AS first, max(new_count) AS last "
                  "FROM reputation.increment WHERE block_num <= $1 GROUP BY provider",
                  {upto})) {
        out.push_back({row.get<Address>("provider"), row.get<U256>("n"), row.get<U256>("first"),
                       row.get<U256>("last")});
    }
    return out;
}

std::vector<Address> read_unsettled_providers(store::Txn& txn) {
    std::vector<Address> out;
    for (const auto& row : txn.exec("SELECT DISTINCT j.provider FROM reputation.confirmation c "
                                    "JOIN reputation.job j USING (job_id) WHERE NOT c.settled")) {
        out.push_back(row.get<Address>("provider"));
    }
    return out;
}

std::vector<JobId> read_counted_twice(store::Txn& txn) {
    std::vector<JobId> out;
    for (const auto& row : txn.exec("SELECT job_id FROM reputation.increment WHERE job_id IS NOT NULL "
                                    "GROUP BY job_id HAVING count(*) > 1 ORDER BY job_id LIMIT 100")) {
        out.push_back(row.get<JobId>("job_id"));
    }
    return out;
}

std::vector<std::string> read_unseen_intents(store::Txn& txn, BlockNum upto) {
    std::vector<std::string> out;
    for (const auto& row :
         txn.exec("SELECT t.key FROM chain.intent t WHERE t.state = 'done' "
                  "AND t.key LIKE 'increment:%' AND t.mined_block <= $1 AND NOT EXISTS (SELECT 1 "
                  "FROM reputation.increment i WHERE i.tx_hash = t.mined_tx) LIMIT 100",
                  {upto})) {
        out.push_back(row.get<std::string>("key"));
    }
    return out;
}

}  // namespace lamda::reputation
