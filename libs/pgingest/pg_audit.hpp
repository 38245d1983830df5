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
    virtual ingest::Differences compare(store::Txn& txn, const ingest::RangeSnapshot& again) = 0;
    /// Journal and rows become what they would be had the stream been told this at once; what has had effects
    /// that cannot be taken back stays. @throws ingest::FinalityViolated
    virtual void repair(store::Txn& txn, const ingest::RangeSnapshot& again) = 0;
};

class PgAudit final : public ingest::AuditSink {
  public:
    PgAudit(store::Database& database, std::string stream, Repairable& journal);
    std::optional<ingest::AuditState> state() override;
    ingest::Differences compare(const ingest::RangeSnapshot& again) override;
    Repaired repair(const ingest::RangeSnapshot& again) override;
    void passed(BlockNum first, BlockNum last, const ingest::AuditOutcome& outcome) override;

  private:
    store::Database& database_;
    std::string stream_;
    Repairable& journal_;
};

}  // namespace lamda::pgingest
