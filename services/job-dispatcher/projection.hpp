// JobManager's logs become journal and rows, in the transaction that moves the cursor. Judging comes later,
// from the rows (judge_loop).
#pragma once

#include <span>
#include <unordered_set>

#include "change.hpp"
#include "market.hpp"
#include "pipeline/projector.hpp"

namespace lamda::dispatch {

/// What wakes the judge and everybody who waits for rows.
constexpr auto kWakeChannel = "lamda_dispatch";

class JobProjection final : public pipeline::Projection {
  public:
    JobProjection(Market& market, StreamProgress& progress, const Clock& clock);
    void apply(store::Txn& txn, const chain::Batch& batch, const pipeline::StreamState& state) override;
    void unwind(store::Txn& txn, const chain::Unwind& unwind, const pipeline::StreamState& state) override;
    void boundary(store::Txn& txn, const pipeline::StreamState& state) override;

  private:
    /// @param known jobs that have a row
    std::vector<Change> apply_facts(store::Txn& txn, std::vector<JobEvent> facts,
                                    const std::unordered_set<JobId>& known, bool early, const Policy& policy);
    Market& market_;
    StreamProgress& progress_;
    const Clock& clock_;
    bool met_known_ = false;  ///< the batch creates a job that has a row: when it is applied again
};

/// Logs of the batch as journal entries, with the times of its blocks; what is none of JobManager's three
/// events is left out.
std::vector<JobEvent> facts_of(const chain::Batch& batch, std::span<const eth::Log> logs);

}  // namespace lamda::dispatch
