// Projects final events of both contracts into rows. Each contract has its own stream and cursor.
#pragma once

#include <atomic>
#include <optional>

#include "core/wakeup.hpp"
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

/// True once a stream has reached finality in this process, and its rows are committed; the ledger's loop is
/// woken then. Not earlier: CountProof asks for the providers of all confirmed jobs.
class CaughtUp {
  public:
    explicit CaughtUp(Wakeup& ledger) : ledger_(ledger) {}
    void note() {
        if (!reached_.exchange(true)) {
            ledger_.wake();
        }
    }
    bool reached() const { return reached_; }

  private:
    Wakeup& ledger_;
    std::atomic<bool> reached_ = false;
};

/// JobCreated and JobConfirmed of JobManager → reputation.job, reputation.confirmation.
class JobsProjection final : public pgingest::Projection {
  public:
    /// @param from_block earlier confirmations are not counted here
    JobsProjection(std::optional<BlockNum> from_block, Wakeup& ledger)
        : from_block_(from_block), caught_up_(ledger) {}
    void apply(store::Txn& txn, const ingest::Batch& batch, const pgingest::StreamState& state) override;
    void unwind(store::Txn& txn, const ingest::Unwind& unwind, const pgingest::StreamState& state) override;
    void boundary(store::Txn&, const pgingest::StreamState&) override {}
    void reached_head() override { caught_up_.note(); }
    bool caught_up() const { return caught_up_.reached(); }

  private:
    std::optional<BlockNum> from_block_;
    CaughtUp caught_up_;
};

/// JobCountIncremented of NodeReputation → reputation.increment.
class IncrementsProjection final : public pgingest::Projection {
  public:
    explicit IncrementsProjection(Wakeup& ledger) : caught_up_(ledger) {}
    void apply(store::Txn& txn, const ingest::Batch& batch, const pgingest::StreamState& state) override;
    void unwind(store::Txn& txn, const ingest::Unwind& unwind, const pgingest::StreamState& state) override;
    void boundary(store::Txn&, const pgingest::StreamState&) override {}
    void reached_head() override { caught_up_.note(); }
    bool caught_up() const { return caught_up_.reached(); }

  private:
    CaughtUp caught_up_;
};

}  // namespace lamda::reputation
