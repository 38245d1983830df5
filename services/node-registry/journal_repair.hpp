// What a sweep found to be missing or wrong in the journal of nodes is put right, and the rows folded again.
#pragma once

#include "pipeline/sweep.hpp"

namespace lamda::registry {

class JournalRepair final : public pipeline::Repairable {
  public:
    chain::Differences compare(store::Txn& txn, const chain::Rereading& again) override;
    void repair(store::Txn& txn, const chain::Rereading& again) override;
};

}  // namespace lamda::registry
