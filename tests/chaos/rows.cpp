#include "chaos/rows.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "pgingest/log_diff.hpp"

namespace lamda::chaos {

namespace {

constexpr auto kPlace = [](const LogRow& row) { return std::pair(row.block_num, row.log_index); };

std::vector<LogRow> rows_of(const store::Rows& found) {
    std::vector<LogRow> out;
    for (const auto& row : found) {
        out.push_back({row.get<BlockNum>("number"), row.get<std::uint64_t>("log_index"),
                       row.get<BlockHash>("hash"), row.get<TxHash>("tx_hash"), row.get<Bytes>("data")});
    }
    return out;
}

void insert(store::Txn& txn, const std::vector<eth::Log>& logs) {
    txn.copy("sim.log", {"number", "log_index", "hash", "tx_hash", "data"}, [&](store::RowWriter& out) {
        for (const auto& log : logs) {
            out.row(log.block_num, log.log_index, log.block_hash, log.tx_hash, log.data);
        }
    });
}

}  // namespace

void sort_rows(std::vector<LogRow>& rows) {
    std::sort(rows.begin(), rows.end(), [](const auto& a, const auto& b) { return kPlace(a) < kPlace(b); });
}

LogRow row_of(const eth::Log& log) {
    return {log.block_num, log.log_index, log.block_hash, log.tx_hash, log.data};
}

void Rows::create(store::Database& database) {
    // Without a key: duplicate rows must be found by the comparison, not refused.
    database.transact([](store::Txn& txn) {
        txn.exec_script(
            "CREATE SCHEMA sim; "
            "CREATE UNLOGGED TABLE sim.log (seq bigserial, number bigint NOT NULL, log_index bigint NOT "
            "NULL, "
            "hash bytea NOT NULL, tx_hash bytea NOT NULL, data bytea NOT NULL)");
    });
}

void Rows::clear(store::Database& database) {
    database.transact([](store::Txn& txn) {
        txn.exec("DELETE FROM sim.log");
        txn.exec("ALTER SEQUENCE sim.log_seq_seq RESTART");  // damage() selects rows by it
        txn.exec("DELETE FROM chain.cursor");
    });
}

std::vector<LogRow> Rows::read(store::Database& database) {
    return database.transact([](store::Txn& txn) {
        return rows_of(txn.exec("SELECT number, log_index, hash, tx_hash, data FROM sim.log ORDER BY seq"));
    });
}

void Rows::end(const pgingest::StreamState& state) {
    last_state = state;
    if (std::exchange(fail_next, false)) {
        throw std::runtime_error("the projection fails");
    }
}

void Rows::apply(store::Txn& txn, const ingest::Batch& batch, const pgingest::StreamState& state) {
    if (!batch.logs.empty()) {
        insert(txn, batch.logs);
    }
    end(state);
}

void Rows::unwind(store::Txn& txn, const ingest::Unwind& unwind, const pgingest::StreamState& state) {
    txn.exec("DELETE FROM sim.log WHERE number > $1", {unwind.to.number});
    end(state);
}

void Rows::boundary(store::Txn&, const pgingest::StreamState& state) {
    end(state);
}

ingest::Differences RowsRepair::compare(store::Txn& txn, const ingest::RangeSnapshot& again) {
    const auto ours = rows_of(
        txn.exec("SELECT number, log_index, hash, tx_hash, data FROM sim.log WHERE number BETWEEN $1 AND $2 "
                 "ORDER BY number, log_index",
                 {again.first, again.blocks.to.number}));
    std::vector<LogRow> theirs;
    for (const auto& log : again.blocks.logs) {
        theirs.push_back(row_of(log));
    }
    const auto same = [](const LogRow& a, const LogRow& b) { return a == b; };
    return pgingest::differences(pgingest::diff(ours, theirs, kPlace, same), kPlace);
}

void RowsRepair::repair(store::Txn& txn, const ingest::RangeSnapshot& again) {
    txn.exec("DELETE FROM sim.log WHERE number BETWEEN $1 AND $2", {again.first, again.blocks.to.number});
    insert(txn, again.blocks.logs);
}

}  // namespace lamda::chaos
