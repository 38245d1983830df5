#include "services/job-dispatcher/ingest/bulk_load.hpp"

#include "services/job-dispatcher/ingest/load_store.hpp"

namespace lamda::dispatch {

void begin_load(store::Txn& txn, const telemetry::Log& log) {
    const auto left_out = drop_indexes(txn);
    if (left_out > 0) {
        log.info("bulk load started: lists of jobs are slow until it ends", {{"indexes_left_out", left_out}});
    }
}

void end_load(store::Txn& txn, Millis lasted, const telemetry::Log& log) {
    const auto left_out = left_out_indexes(txn, lasted);
    if (left_out == 0) {
        return;
    }
    log.info("bulk load ended: building the indexes that were left out", {{"indexes", left_out}});
    build_indexes(txn);
}

}  // namespace lamda::dispatch
