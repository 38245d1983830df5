// A sweep's half in the database: chain.sweep, and a service's journal.
#pragma once

#include <string>

#include "ingest/audit/audit_sink.hpp"
#include "store/database.hpp"

namespace lamda::pgingest {

/// A service's journal of chain logs, and the rows that follow from it. Called inside a transaction that
/// holds the stream's cursor: the stream writes nothing meanwhile.
class Repairable {
  public:
    virtual ~Repairable() = default;
    virtual ingest::Differences compare(store::Txn& txn, const ingest::Rereading& again) = 0;
    /// Journal and rows become what they would be had the stream been told this at once; what has had effects
    /// that cannot be taken back stays. @throws ingest::FinalityViolated
    virtual void repair(store::Txn& txn, const ingest::Rereading& again) = 0;
};

class PgSweep final : public ingest::SweepSink {
  public:
    PgSweep(store::Database& database, std::string stream, Repairable& journal);
    std::optional<ingest::SweepState> state() override;
    ingest::Differences compare(const ingest::Rereading& again) override;
    Repaired repair(const ingest::Rereading& again) override;
    void passed(BlockNum first, BlockNum last, const ingest::SweepOutcome& outcome) override;

  private:
    store::Database& database_;
    std::string stream_;
    Repairable& journal_;
};

}  // namespace lamda::pgingest
