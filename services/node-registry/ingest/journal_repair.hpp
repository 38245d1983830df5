// Repairs the nodes' journal where an audit found missing or wrong entries, and folds the rows again.
#pragma once

#include "core/clock.hpp"
#include "pgingest/pg_audit.hpp"

namespace lamda::registry {

class JournalRepair final : public pgingest::Repairable {
  public:
    explicit JournalRepair(const Clock& clock) : clock_(clock) {}
    ingest::Differences compare(store::Txn& txn, const ingest::RangeSnapshot& again) override;
    void repair(store::Txn& txn, const ingest::RangeSnapshot& again) override;

  private:
    const Clock& clock_;
};

}  // namespace lamda::registry
