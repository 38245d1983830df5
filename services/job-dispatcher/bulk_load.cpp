#include "bulk_load.hpp"

namespace lamda::dispatch {

void begin_load(store::Txn& txn, const telemetry::Log& log) {
    const auto left_out = txn.one("SELECT dispatch.begin_load() AS indexes").get<int>("indexes");
    if (left_out > 0) {
        log.info("a first history is loaded: lists of jobs are slow until its end",
                 {{"indexes_left_out", left_out}});
    }
}

void end_load(store::Txn& txn, bool over, const telemetry::Log& log) {
    const auto load = txn.one(
        "SELECT count(*) AS indexes, coalesce(bool_or(since < now() - interval '10 minutes'), false) AS long "
        "FROM dispatch.left_out_index");
    if (load.get<int>("indexes") > 0 && (over || load.get<bool>("long"))) {
        log.info("indexes that the load went without are built", {{"indexes", load.get<int>("indexes")}});
        txn.one("SELECT dispatch.end_load() AS indexes");
    }
}

}  // namespace lamda::dispatch
