#include "services/job-dispatcher/ingest/bulk_load.hpp"

namespace lamda::dispatch {

void begin_load(store::Txn& txn, const telemetry::Log& log) {
    const auto left_out = txn.one("SELECT dispatch.begin_load() AS indexes").get<int>("indexes");
    if (left_out > 0) {
        log.info("bulk load started: lists of jobs are slow until it ends", {{"indexes_left_out", left_out}});
    }
}

void end_load(store::Txn& txn, Millis lasted, const telemetry::Log& log) {
    const auto left_out =
        txn.one("SELECT dispatch.left_out($1::float8 * interval '1 ms') AS indexes", {lasted.count()})
            .get<int>("indexes");
    if (left_out == 0) {
        return;
    }
    log.info("bulk load ended: building the indexes that were left out", {{"indexes", left_out}});
    // The role's limits are meant for queries, and count from the start of the statement.
    txn.exec("SET LOCAL statement_timeout = 0");
    txn.exec("SET LOCAL lock_timeout = 0");
    txn.exec("SELECT dispatch.end_load()");
}

}  // namespace lamda::dispatch
