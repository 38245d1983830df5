#include "chaos/rows.hpp"

#include <stdexcept>
#include <utility>

namespace lamda::chaos {

LogRow row_of(const eth::Log& log) {
    return {log.block_num, log.log_index, log.block_hash, log.tx_hash, log.data};
}

void Rows::create(store::Database& database) {
    // Without a key: what is written twice shall be seen in the end, not refused.
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
        txn.exec("DELETE FROM chain.cursor");
    });
}

std::vector<LogRow> Rows::read(store::Database& database) {
    return database.transact([](store::Txn& txn) {
        std::vector<LogRow> out;
        for (const auto& row :
             txn.exec("SELECT number, log_index, hash, tx_hash, data FROM sim.log ORDER BY seq")) {
            out.push_back({row.get<BlockNum>("number"), row.get<std::uint64_t>("log_index"),
                           row.get<BlockHash>("hash"), row.get<TxHash>("tx_hash"), row.get<Bytes>("data")});
        }
        return out;
    });
}

void Rows::end(const pipeline::StreamState& state) {
    told = state;
    if (std::exchange(fail_next, false)) {
        throw std::runtime_error("the projection fails");
    }
}

void Rows::apply(store::Txn& txn, const chain::Batch& batch, const pipeline::StreamState& state) {
    if (!batch.logs.empty()) {
        txn.copy("sim.log", {"number", "log_index", "hash", "tx_hash", "data"}, [&](store::RowWriter& out) {
            for (const auto& log : batch.logs) {
                out.row(log.block_num, log.log_index, log.block_hash, log.tx_hash, log.data);
            }
        });
    }
    end(state);
}

void Rows::unwind(store::Txn& txn, const chain::Unwind& unwind, const pipeline::StreamState& state) {
    txn.exec("DELETE FROM sim.log WHERE number > $1", {unwind.to.number});
    end(state);
}

void Rows::boundary(store::Txn&, const pipeline::StreamState& state) {
    end(state);
}

}  // namespace lamda::chaos
