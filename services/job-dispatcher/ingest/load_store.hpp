// SQL on the indexes that a bulk load leaves out. Every function runs inside the caller's transaction.
#pragma once

#include "core/clock.hpp"
#include "store/database.hpp"

namespace lamda::dispatch {

/// Drops the indexes of a first history; returns their number, 0 if the tables do not allow it.
int drop_indexes(store::Txn& txn);
/// Returns the number of indexes left out by a load that has lasted for at least this time.
int left_out_indexes(store::Txn& txn, Millis lasted);
/// Builds the indexes that were left out. Lifts the time limits of statements and locks until the transaction
/// ends.
void build_indexes(store::Txn& txn);

}  // namespace lamda::dispatch
