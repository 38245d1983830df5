// What a deleted stream held is made again from the database.
#pragma once

#include <set>
#include <string>

#include "store/database.hpp"

namespace lamda::dispatch {

/// Providers of attempts that are out.
std::vector<Address> providers_at_work(store::Database& database);

/// Puts into the outbox what the deleted streams may have held. JOBS or STATUS: every open attempt; an agent
/// ignores an attempt that it has, and publishes the final status of one that it has finished. RETRACT: the
/// newest retraction of each job. @returns the number of messages
std::size_t restore_streams(store::Database& database, const std::set<std::string>& streams);

}  // namespace lamda::dispatch
