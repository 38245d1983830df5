// Projects final events of both contracts into rows. Each contract has its own stream and cursor.
#pragma once

#include <atomic>
#include <optional>

#include "pgingest/projector.hpp"
#include "services/reputation/ingest/journal_store.hpp"

namespace lamda::reputation {

struct JobLogs {
    std::vector<Creation> creations;
    std::vector<Confirmation> confirmations;
};
/// Decodes JobManager's logs. @param from_block earlier confirmations are not counted here
JobLogs job_logs_of(const ingest::Batch& batch, std::optional<BlockNum> from_block);
std::vector<Increment> increments_of(const ingest::Batch& batch);

/// JobCreated and JobConfirmed of JobManager → reputation.job, reputation.confirmation.
class JobsProjection final : public pgingest::Projection {
  public:
    /// @param from_block earlier confirmations are not counted here
    explicit JobsProjection(std::optional<BlockNum> from_block) : from_block_(from_block) {}
    void apply(store::Txn& txn, const ingest::Batch& batch, const pgingest::StreamState& state) override;
    void unwind(store::Txn& txn, const ingest::Unwind& unwind, const pgingest::StreamState& state) override;
    void boundary(store::Txn& txn, const pgingest::StreamState& state) override;
    /// True once the stream has reached finality in this process.
    bool caught_up() const { return caught_up_; }

  private:
    std::optional<BlockNum> from_block_;
    std::atomic<bool> caught_up_ = false;
};

/// JobCountIncremented of NodeReputation → reputation.increment.
class IncrementsProjection final : public pgingest::Projection {
  public:
    void apply(store::Txn& txn, const ingest::Batch& batch, const pgingest::StreamState& state) override;
    void unwind(store::Txn& txn, const ingest::Unwind& unwind, const pgingest::StreamState& state) override;
    void boundary(store::Txn& txn, const pgingest::StreamState& state) override;
    bool caught_up() const { return caught_up_; }

  private:
    std::atomic<bool> caught_up_ = false;
};

}  // namespace lamda::reputation
