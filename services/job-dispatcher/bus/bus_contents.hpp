// Contents of the streams by the database: recorded positions, and messages to restore.
#pragma once

#include "services/job-dispatcher/bus/bus_setup.hpp"
#include "store/database.hpp"

namespace lamda::dispatch {

/// Callbacks on this database. What is restored: for JOBS or STATUS every open attempt (an agent ignores an
/// attempt that it runs, and publishes the final status of a finished one again); for RETRACT the newest
/// retraction of each job whose agent has not reported the end of the attempt.
BusContents bus_contents(store::Database& database, const telemetry::Log& log);

}  // namespace lamda::dispatch
