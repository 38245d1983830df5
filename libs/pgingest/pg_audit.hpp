// PgAudit: the database side of an audit (chain.sweep and a service's journal).
#pragma once

#include <string>

#include "ingest/audit/audit_sink.hpp"
#include "store/database.hpp"

namespace lamda::pgingest {

/// A service's journal of chain logs and the rows derived from it. Called inside a transaction that locks the
/// stream's cursor, so that the stream writes nothing meanwhile.
class Repairable {
  public:
    virtual ~Repairable() = default;
    virtual ingest::Differences compare(store::Txn& txn, const ingest::RangeSnapshot& again) = 0;
    /// Sets journal and rows to the values that a correct first read would have produced. Keeps effects that
    /// cannot be undone. @throws ingest::FinalityViolated
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
