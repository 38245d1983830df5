// JobManager's record of a job, as BSC's endpoints give it together.
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
/// Result of getJobInfo. A revert means that there is no such job. Errors: those of
/// ingest::ProvenChain::calls(), `unreadable`. Pure.
Result<OnchainJob> read_record(const Result<Bytes>& answer);

/// Reason why a job is not to be confirmed yet by `self`. Pure.
std::optional<txsender::Objection> objection_to_confirm(const Result<OnchainJob>& record,
                                                        const Address& self);
/// Reason why a job's payment is not to be claimed yet by `self`. Pure.
std::optional<txsender::Objection> objection_to_claim(const Result<OnchainJob>& record, const Address& self);

/// Records at the newest block that is final at a majority of the endpoints, which no endpoint contradicts
/// (`ingest::ProvenChain`). A single endpoint is trusted.
class OnchainJobs {
  public:
    /// @param bsc outlives it
    OnchainJobs(Address job_manager, rpcpool::MultiRpc& bsc, const Clock& clock);
    /// In the order of the jobs. @throws ingest::ProvenChain::begin()
    std::vector<Result<OnchainJob>> final(const std::vector<JobId>& jobs);
    /// As one endpoint gives it at the head: a reason to wait, never to act. @throws as eth::Rpc does
    Result<OnchainJob> latest(const JobId& job);

  private:
    eth::CallRequest request(const JobId& job) const;

    Address job_manager_;
    rpcpool::MultiRpc& bsc_;
    ingest::ProvenChain chain_;
};

}  // namespace lamda::agent
