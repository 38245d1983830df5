// Signing policy of the admin wallet: one incrementJobs for each job that is confirmed at finality, nothing
// else.
#pragma once

#include "store/database.hpp"
#include "txsender/signing_policy.hpp"

namespace lamda::reputation {

/// Maps the key `increment:0x<jobId>` to a call of incrementJobs(provider of the job), followed by the job
/// id, to NodeReputation, without value. Errors: `unknown_key`, `not_confirmed`, `unproven`;
/// txsender::kNotDue: counted already.
class IncrementPolicy final : public txsender::SigningPolicy {
  public:
    IncrementPolicy(store::Database& database, const Address& node_reputation)
        : database_(database), node_reputation_(node_reputation) {}
    std::vector<Result<txsender::Call>> calls(const std::vector<std::string>& keys) override;

  private:
    store::Database& database_;
    Address node_reputation_;
};

}  // namespace lamda::reputation
