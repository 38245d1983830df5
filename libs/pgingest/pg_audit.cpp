#include "pgingest/pg_audit.hpp"

#include "core/crash_point.hpp"
#include "rpcpool/range_window.hpp"

namespace lamda::pgingest {

PgAudit::PgAudit(store::Database& database, std::string stream, Repairable& journal)
    : database_(database), stream_(std::move(stream)), journal_(journal) {}

std::optional<ingest::AuditState> PgAudit::state() {
    return database_.transact([&](store::Txn& txn) -> std::optional<ingest::AuditState> {
        const auto row = txn.first(
            "SELECT c.chain_id, least(c.number - $2, c.finalized) AS final, s.upto FROM chain.cursor c "
            "LEFT JOIN chain.sweep s ON s.stream = c.stream "
            "WHERE c.stream = $1 AND c.number >= $2 AND c.chain_id IS NOT NULL",
            {stream_, rpcpool::kSettledDepth});
        if (!row) {
            return std::nullopt;
        }
        return ingest::AuditState{ChainId{row->get<std::uint64_t>("chain_id")}, row->get<BlockNum>("final"),
                                  row->maybe<BlockNum>("upto")};
    });
}

ingest::Differences PgAudit::compare(const ingest::RangeSnapshot& again) {
    return database_.transact([&](store::Txn& txn) { return journal_.compare(txn, again); });
}

ingest::AuditSink::Repaired PgAudit::repair(const ingest::RangeSnapshot& again) {
    return database_.transact([&](store::Txn& txn) {
        // Locks the cursor first, as the projector does: the two transactions run one after the other.
        txn.exec("SELECT 1 FROM chain.cursor WHERE stream = $1 FOR UPDATE", {stream_});
        Repaired out;
        const auto before = journal_.compare(txn, again);
        if (before.logs > 0) {
            journal_.repair(txn, again);
            out.left = journal_.compare(txn, again);
            out.logs = before.logs - out.left.logs;
            txn.exec(
                "INSERT INTO chain.sweep AS s (stream, repaired, repaired_at) VALUES ($1, $2, now()) "
                "ON CONFLICT (stream) DO UPDATE SET repaired = s.repaired + excluded.repaired, "
                "repaired_at = excluded.repaired_at",
                {stream_, static_cast<std::uint64_t>(out.logs)});
        }
        crash_point("sweep.before_commit");
        return out;
    });
}

void PgAudit::passed(BlockNum first, BlockNum last, const ingest::AuditOutcome& outcome) {
    database_.transact([&](store::Txn& txn) {
        txn.exec(
            "INSERT INTO chain.sweep AS s (stream, since, upto, logs, unsettled, trouble, swept_at) "
            "VALUES ($1, $2, $3, $4, $5, $6, now()) ON CONFLICT (stream) DO UPDATE SET "
            "since = coalesce(s.since, excluded.since), upto = excluded.upto, logs = s.logs + excluded.logs, "
            "unsettled = s.unsettled + excluded.unsettled, "
            "trouble = CASE WHEN excluded.unsettled > 0 THEN excluded.trouble ELSE s.trouble END, "
            "swept_at = excluded.swept_at "
            "WHERE s.upto IS NULL OR s.upto = excluded.since - 1",
            {stream_, first, last, static_cast<std::uint64_t>(outcome.logs),
             static_cast<std::uint64_t>(outcome.unsettled), outcome.last_error});
    });
}

}  // namespace lamda::pgingest
