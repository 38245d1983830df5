// What a sweep found to be missing or wrong in reputation's rows is put right, as long as nothing was sent
// because of it: a job whose transaction is on its way stays, and the difference is told.
#pragma once

#include <optional>

#include "pgingest/pg_audit.hpp"

namespace lamda::reputation {

class JobsRepair final : public pgingest::Repairable {
  public:
    /// @param from_block confirmations before it are not ours
    explicit JobsRepair(std::optional<BlockNum> from_block) : from_block_(from_block) {}
    ingest::Differences compare(store::Txn& txn, const ingest::RangeSnapshot& again) override;
    void repair(store::Txn& txn, const ingest::RangeSnapshot& again) override;

  private:
    std::optional<BlockNum> from_block_;
};

class IncrementsRepair final : public pgingest::Repairable {
  public:
    ingest::Differences compare(store::Txn& txn, const ingest::RangeSnapshot& again) override;
    void repair(store::Txn& txn, const ingest::RangeSnapshot& again) override;
};

}  // namespace lamda::reputation
