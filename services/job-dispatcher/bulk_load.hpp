// A first history comes as many rows into empty tables: a load, which goes without the indexes that enforce
// nothing, and builds them at its end (migration 0015 tells why, and does it).
#pragma once

#include "store/database.hpp"
#include "telemetry/log.hpp"

namespace lamda::dispatch {

/// Nothing where there are rows, or where the tables are not ours to change.
void begin_load(store::Txn& txn, const telemetry::Log& log);
/// Nothing where there is no load.
/// @param over false: only if it has lasted so long (10 min) that those who read should have their indexes
/// back
void end_load(store::Txn& txn, bool over, const telemetry::Log& log);

}  // namespace lamda::dispatch
