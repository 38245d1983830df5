// Projection of the simulation: one row for each log, and the last state of the stream.
#pragma once

#include <optional>
#include <vector>

#include "pgingest/pg_audit.hpp"
#include "pgingest/projector.hpp"

namespace lamda::chaos {

/// One row of the table.
struct LogRow {
    BlockNum block_num;
    std::uint64_t log_index = 0;
    BlockHash block_hash;
    TxHash tx_hash;
    Bytes data;
    bool operator==(const LogRow&) const = default;
};
LogRow row_of(const eth::Log& log);
/// Sorts by block and log index.
void sort_rows(std::vector<LogRow>& rows);

class Rows final : public pgingest::Projection {
  public:
    /// Creates the table. @param database migrated
    static void create(store::Database& database);
    /// Deletes the rows, and the stored state of chain streams.
    static void clear(store::Database& database);
    /// Rows in the order of writing.
    static std::vector<LogRow> read(store::Database& database);

    void apply(store::Txn& txn, const ingest::Batch& batch, const pgingest::StreamState& state) override;
    void unwind(store::Txn& txn, const ingest::Unwind& unwind, const pgingest::StreamState& state) override;
    void boundary(store::Txn& txn, const pgingest::StreamState& state) override;

    /// State passed to the last transaction, committed or not.
    pgingest::StreamState last_state;
    /// The next transaction fails at its end.
    bool fail_next = false;

  private:
    void end(const pgingest::StreamState& state);
};

/// The same rows under an audit.
class RowsRepair final : public pgingest::Repairable {
  public:
    ingest::Differences compare(store::Txn& txn, const ingest::RangeSnapshot& again) override;
    void repair(store::Txn& txn, const ingest::RangeSnapshot& again) override;
};

}  // namespace lamda::chaos
