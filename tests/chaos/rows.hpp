// The projection of the simulation: one row for each log, and what the stream said about itself.
#pragma once

#include <optional>
#include <vector>

#include "pgingest/pg_audit.hpp"
#include "pgingest/projector.hpp"

namespace lamda::chaos {

/// One row as it is in the database.
struct LogRow {
    BlockNum block_num;
    std::uint64_t log_index = 0;
    BlockHash block_hash;
    TxHash tx_hash;
    Bytes data;
    bool operator==(const LogRow&) const = default;
};
LogRow row_of(const eth::Log& log);
/// By block and log index.
void sort_rows(std::vector<LogRow>& rows);

class Rows final : public pgingest::Projection {
  public:
    /// Makes the table. @param database migrated
    static void create(store::Database& database);
    /// Empties it, and what chain streams have stored.
    static void clear(store::Database& database);
    /// In the order in which they were written.
    static std::vector<LogRow> read(store::Database& database);

    void apply(store::Txn& txn, const ingest::Batch& batch, const pgingest::StreamState& state) override;
    void unwind(store::Txn& txn, const ingest::Unwind& unwind, const pgingest::StreamState& state) override;
    void boundary(store::Txn& txn, const pgingest::StreamState& state) override;

    /// What the last transaction was told, committed or not.
    pgingest::StreamState told;
    /// The next transaction fails at its end.
    bool fail_next = false;

  private:
    void end(const pgingest::StreamState& state);
};

/// The same rows under a sweep.
class RowsRepair final : public pgingest::Repairable {
  public:
    ingest::Differences compare(store::Txn& txn, const ingest::RangeSnapshot& again) override;
    void repair(store::Txn& txn, const ingest::RangeSnapshot& again) override;
};

}  // namespace lamda::chaos
