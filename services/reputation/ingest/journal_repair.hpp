// Repairs reputation's rows where an audit found missing or wrong ones. A job that already has an intent
// stays, and the difference is reported.
#pragma once

#include <optional>

#include "pgingest/pg_audit.hpp"

namespace lamda::reputation {

class JobsRepair final : public pgingest::Repairable {
  public:
    /// @param from_block earlier confirmations are not counted here
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
