// Facts of contract JobManager: JobCreated, JobConfirmed, PaymentClaimed. The contract refunds nothing.
#pragma once

#include "services/job-dispatcher/ingest/job_fact_source.hpp"

namespace lamda::dispatch {

class JobManagerSource final : public JobFactSource {
  public:
    std::vector<Topic> topics() const override;
    /// Times of logs without a header in the batch are those of the batch's last block.
    void read(const ingest::Batch& batch, FactList& out) const override;
};

}  // namespace lamda::dispatch
