// A first history comes as many rows into empty or small tables: a load, which goes without the indexes that
// enforce nothing, and builds them at its end (migration 0015 tells why, and does it).
#pragma once

#include "core/clock.hpp"
#include "store/database.hpp"
#include "telemetry/log.hpp"

namespace lamda::dispatch {

/// Those who read should have their indexes back, however long a history is.
constexpr Millis kLongestLoad{600'000};

/// Nothing where there are many rows (10,000 entries), where the tables are not the schema's owner's, or
/// while somebody reads them.
void begin_load(store::Txn& txn, const telemetry::Log& log);
/// Nothing where there is no load, or where it has not lasted so long.
void end_load(store::Txn& txn, Millis lasted, const telemetry::Log& log);

}  // namespace lamda::dispatch
