// JobManager's record of a job, as proven by BSC's endpoints.
#pragma once

#include <optional>
#include <vector>

#include "core/ids.hpp"
#include "ingest/proof/proven_chain.hpp"
#include "txsender/sender.hpp"

namespace lamda::agent {

struct OnchainJob {
    Address provider;
    bool created = false;
    bool confirmed = false;
};
/// Decodes the result of getJobInfo. A revert means that the job does not exist. Errors: those of
/// ingest::ProvenChain::calls(), `unreadable`. Pure.
Result<OnchainJob> read_record(const Result<Bytes>& answer);

/// Reason why `self` must not confirm the job yet; absent: none. Pure.
std::optional<txsender::Objection> objection_to_confirm(const Result<OnchainJob>& record,
                                                        const Address& self);
/// Reason why `self` must not claim the job's payment yet; absent: none. Pure.
std::optional<txsender::Objection> objection_to_claim(const Result<OnchainJob>& record, const Address& self);

/// Reads records at the newest block that is final at a majority of the endpoints and contradicted by none
/// (`ingest::ProvenChain`). A single endpoint is trusted.
class OnchainJobs {
  public:
    /// @param bsc must outlive this object
    OnchainJobs(Address job_manager, rpcpool::MultiRpc& bsc, const Clock& clock);
    /// Records at finality, in the order of `jobs`. @throws as ingest::ProvenChain::begin() does
    std::vector<Result<OnchainJob>> final(const std::vector<JobId>& jobs);
    /// Record at the head of one endpoint: may be a reason to wait, never to act. @throws as eth::Rpc does
    Result<OnchainJob> latest(const JobId& job);

  private:
    eth::CallRequest request(const JobId& job) const;

    Address job_manager_;
    rpcpool::MultiRpc& bsc_;
    ingest::ProvenChain chain_;
};

}  // namespace lamda::agent
