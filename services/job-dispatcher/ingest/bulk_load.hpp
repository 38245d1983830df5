// Bulk load of a first history: drops the indexes that enforce no constraint, and builds them again at the
// end. Migration 0015 holds the SQL functions and gives the reasons.
#pragma once

#include "core/clock.hpp"
#include "store/database.hpp"
#include "telemetry/log.hpp"

namespace lamda::dispatch {

/// Readers get the indexes back after this time, even if the load has not ended.
constexpr Millis kLongestLoad{600'000};

/// Drops the indexes. Does nothing if the tables have many rows (10,000 entries), are not owned by the
/// schema's owner, or are being read.
void begin_load(store::Txn& txn, const telemetry::Log& log);
/// Builds the indexes again. Does nothing without a load, or if the load is younger than `lasted`.
void end_load(store::Txn& txn, Millis lasted, const telemetry::Log& log);

}  // namespace lamda::dispatch
