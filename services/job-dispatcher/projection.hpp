// JobManager's logs become journal and rows, in the transaction that moves the cursor. Judging comes later,
// from the rows (judge_loop).
#pragma once

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
    Market& market_;
    StreamProgress& progress_;
    const Clock& clock_;
};

/// A canonical log as a journal entry; nullopt: none of JobManager's three events. Times are those of
/// `batch`'s blocks.
std::vector<JobEvent> facts_of(const chain::Batch& batch);

}  // namespace lamda::dispatch
