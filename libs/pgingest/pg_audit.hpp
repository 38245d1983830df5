// A sweep's half in the database: chain.sweep, and a service's journal.
#pragma once

#include <string>

#include "ingest/audit/audit_sink.hpp"
#include "store/database.hpp"

namespace lamda::pipeline {

/// A service's journal of chain logs, and the rows that follow from it. Called inside a transaction that
/// holds the stream's cursor: the stream writes nothing meanwhile.
class Repairable {
  public:
    virtual ~Repairable() = default;
    virtual chain::Differences compare(store::Txn& txn, const chain::Rereading& again) = 0;
    /// Journal and rows become what they would be had the stream been told this at once; what has had effects
    /// that cannot be taken back stays. @throws chain::FinalityViolated
    virtual void repair(store::Txn& txn, const chain::Rereading& again) = 0;
};

class PgSweep final : public chain::SweepSink {
  public:
    PgSweep(store::Database& database, std::string stream, Repairable& journal);
    std::optional<chain::SweepState> state() override;
    chain::Differences compare(const chain::Rereading& again) override;
    Repaired repair(const chain::Rereading& again) override;
    void passed(BlockNum first, BlockNum last, const chain::SweepOutcome& outcome) override;

  private:
    store::Database& database_;
    std::string stream_;
    Repairable& journal_;
};

}  // namespace lamda::pipeline
