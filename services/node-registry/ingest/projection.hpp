// Projects NodeReputation's logs into journal and rows, in the transaction that moves the cursor.
#pragma once

#include <set>

#include "core/clock.hpp"
#include "pgingest/projector.hpp"
#include "services/node-registry/ingest/node_store.hpp"
#include "telemetry/log.hpp"

namespace lamda::registry {

class NodeProjection final : public pgingest::Projection {
  public:
    NodeProjection(const Clock& clock, telemetry::Log log);
    void apply(store::Txn& txn, const ingest::Batch& batch, const pgingest::StreamState& state) override;
    void unwind(store::Txn& txn, const ingest::Unwind& unwind, const pgingest::StreamState& state) override;
    void boundary(store::Txn& txn, const pgingest::StreamState& state) override;

  private:
    void warn_of_skipped(const ingest::Batch& batch) const;

    const Clock& clock_;
    telemetry::Log log_;
};

/// Returns the batch's logs as journal entries. Skips logs other than the four events, and events with
/// malformed data or a text of more than 64 KiB.
std::vector<NodeEvent> events_of(const ingest::Batch& batch);

/// Folds these nodes' rows again from their journals, and puts events for the differences.
void refold(store::Txn& txn, const std::set<Address>& providers, Timestamp now);

}  // namespace lamda::registry
