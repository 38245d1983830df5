// What a sweep found to be missing or wrong in the journal of nodes is put right, and the rows folded again.
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
