// Restores the messages of deleted streams from the database.
#pragma once

#include <set>
#include <string>

#include "store/database.hpp"

namespace lamda::dispatch {

/// Puts the messages of deleted streams into the outbox. JOBS or STATUS: every open attempt; an agent ignores
/// an attempt that it runs, and publishes the final status of a finished one again. RETRACT: the newest
/// retraction of each job. @returns the number of messages
std::size_t restore_streams(store::Database& database, const std::set<std::string>& streams);

}  // namespace lamda::dispatch
