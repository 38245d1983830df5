#include "services/job-dispatcher/ingest/bulk_load.hpp"

namespace lamda::dispatch {

void begin_load(store::Txn& txn, const telemetry::Log& log) {
    const auto left_out = txn.one("SELECT dispatch.begin_load() AS indexes").get<int>("indexes");
    if (left_out > 0) {
        log.info("a first history is loaded: lists of jobs are slow until its end",
                 {{"indexes_left_out", left_out}});
    }
}

void end_load(store::Txn& txn, Millis lasted, const telemetry::Log& log) {
    const auto left_out =
        txn.one("SELECT dispatch.left_out($1::float8 * interval '1 ms') AS indexes", {lasted.count()})
            .get<int>("indexes");
    if (left_out == 0) {
        return;
    }
    log.info("indexes that the load went without are built", {{"indexes", left_out}});
    // A role's limit is meant for questions; and it counts from a statement's begin.
    txn.exec("SET LOCAL statement_timeout = 0");
    txn.exec("SET LOCAL lock_timeout = 0");
    txn.exec("SELECT dispatch.end_load()");
}

}  // namespace lamda::dispatch
