#include "tools/cli/stores/stream_store.hpp"

namespace lamda::cli {
namespace {

StreamState stream_of(const store::Row& row) {
    StreamState out;
    out.stream = row.get<std::string>("stream");
    out.chain_id = row.maybe<std::uint64_t>("chain_id");
    if (!row.is_null("head")) {
        out.head = StreamState::Head{row.get<BlockNum>("head"), row.get<Timestamp>("head_at")};
        out.head_noted_at = row.get<Timestamp>("head_noted_at");
    }
    if (!row.is_null("processed")) {
        out.processed = StreamState::Head{
            row.get<BlockNum>("processed"),
            row.maybe<Timestamp>("processed_at").value_or(row.get<Timestamp>("updated_at"))};
    }
    // The head is recorded at intervals: the processed block may be newer.
    if (out.head && out.processed && out.head->number < out.processed->number) {
        out.head = out.processed;
    }
    out.boundary = row.get<BlockNum>("boundary");
    out.finalized = row.get<BlockNum>("finalized");
    out.updated_at = row.get<Timestamp>("updated_at");
    out.instance = row.maybe<std::string>("instance");
    out.instance_since = row.maybe<Timestamp>("instance_since");
    out.instance_active = row.get<bool>("instance_active");
    if (!row.is_null("reorg_at")) {
        out.reorg =
            StreamState::Reorg{row.get<Timestamp>("reorg_at"),          row.get<BlockNum>("reorg_from"),
                               row.get<BlockNum>("reorg_to"),           row.get<std::uint64_t>("reorg_depth"),
                               row.get<std::uint64_t>("reorg_deepest"), row.get<std::uint64_t>("reorgs")};
    }
    return out;
}

StreamState::Audit audit_of(const store::Row& row) {
    return {row.maybe<BlockNum>("since"),        row.maybe<BlockNum>("upto"),
            row.get<std::uint64_t>("logs"),      row.get<std::uint64_t>("repaired"),
            row.maybe<Timestamp>("repaired_at"), row.get<std::uint64_t>("unsettled"),
            row.get<std::string>("trouble"),     row.maybe<Timestamp>("swept_at")};
}

EndpointState endpoint_of(const store::Row& row) {
    EndpointState out;
    out.name = row.get<std::string>("name");
    out.state = row.get<std::string>("state");
    out.last_error = row.get<std::string>("trouble");
    out.max_range = row.get<std::uint64_t>("max_range");
    out.answers_logs = row.get<bool>("answers_logs");
    out.head = row.maybe<BlockNum>("head");
    out.head_at = row.maybe<Timestamp>("head_at");
    return out;
}

}  // namespace

StreamStates read_streams(store::Database& database) {
    return database.transact([](store::Txn& txn) {
        StreamStates out;
        out.now = txn.one("SELECT now() AS now").get<Timestamp>("now");
        for (const auto& row : txn.exec("SELECT * FROM api.stream ORDER BY stream")) {
            out.streams.push_back(stream_of(row));
        }
        for (auto& stream : out.streams) {
            if (const auto row =
                    txn.first("SELECT * FROM api.stream_sweep WHERE stream = $1", {stream.stream})) {
                stream.audit = audit_of(*row);
            }
            for (const auto& row : txn.exec("SELECT * FROM api.stream_endpoint WHERE stream = $1 "
                                            "ORDER BY state = 'excluded', name",
                                            {stream.stream})) {
                stream.endpoints.push_back(endpoint_of(row));
            }
        }
        return out;
    });
}

std::vector<LogEntry> read_entries(store::Database& database, const std::string& stream, BlockNum from,
                                   BlockNum to) {
    return database.transact([&](store::Txn& txn) {
        std::vector<LogEntry> out;
        for (const auto& row :
             txn.exec("SELECT block_num, log_index, block_hash, tx_hash, kind, subject, body::text AS body "
                      "FROM api.stream_log WHERE stream = $1 AND block_num BETWEEN $2 AND $3 "
                      "ORDER BY block_num, log_index",
                      {stream, from, to})) {
            LogEntry entry;
            entry.block = {row.get<BlockNum>("block_num"), row.get<BlockHash>("block_hash")};
            entry.log_index = row.get<std::uint64_t>("log_index");
            entry.tx_hash = row.get<TxHash>("tx_hash");
            entry.kind = row.get<std::string>("kind");
            if (const auto subject = row.maybe<Bytes>("subject")) {
                entry.subject = to_hex(*subject);
            }
            entry.body = canonical_body(row.get<std::string>("body"));
            out.push_back(std::move(entry));
        }
        return out;
    });
}

}  // namespace lamda::cli
