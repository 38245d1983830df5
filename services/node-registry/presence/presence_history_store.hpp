// History of nodes' presence: the SQL that records each change once, and deletes old ones. Every function
// runs inside the caller's transaction.
#pragma once

#include <cstddef>

#include "core/clock.hpp"
#include "store/database.hpp"

namespace lamda::registry {

/// Age at which changes are deleted; the present state of a node is kept.
constexpr Millis kHistoryKept = std::chrono::hours(24 * 30);
/// Changes that are kept of one node: a provider that alternates between two states replaces its own.
constexpr std::size_t kMostChanges = 10'000;

/// Compares the nodes as they are with their recorded states, and records the changes, at most a thousand:
/// state, reason, and the time from which on the state applies. Does nothing while another instance does the
/// same. A state that lasts for less than the interval between two calls may be left out. Returns the number
/// of changes.
/// @param most changes that are kept of one node
std::size_t record_presence(store::Txn& txn, std::size_t most = kMostChanges);

/// Deletes changes that are older than `keep`, at most `most`, oldest first. Returns their number.
std::size_t delete_old_changes(store::Txn& txn, Millis keep, std::size_t most);

}  // namespace lamda::registry
