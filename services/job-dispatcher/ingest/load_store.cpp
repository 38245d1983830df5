#include "services/job-dispatcher/ingest/load_store.hpp"

namespace lamda::dispatch {

int drop_indexes(store::Txn& txn) {
    return txn.one("SELECT dispatch.begin_load() AS indexes").get<int>("indexes");
}

int left_out_indexes(store::Txn& txn, Millis lasted) {
    return txn.one("SELECT dispatch.left_out($1::float8 * interval '1 ms') AS indexes", {lasted.count()})
        .get<int>("indexes");
}

void build_indexes(store::Txn& txn) {
    // The role's limits are meant for queries, and count from the start of the statement.
    txn.exec("SET LOCAL statement_timeout = 0");
    txn.exec("SET LOCAL lock_timeout = 0");
    txn.exec("SELECT dispatch.end_load()");
}

}  // namespace lamda::dispatch
