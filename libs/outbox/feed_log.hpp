// The feed log: events that the bus has stored, in one order, for the gateways' live feeds.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "store/database.hpp"

namespace lamda::outbox {

/// Deletes outbox rows; the events among them (`events.job.*`, `events.node.*`) are moved to the feed log,
/// once, whatever the number of relays. The copies on `events.global` are dropped. Notifies kFeedChannel.
/// @param has_events the rows may contain such events: their COMMIT must wait for the disk, so that a number
/// that a feed has seen is not given again
void settle_rows(store::Txn& txn, const std::vector<std::int64_t>& ids, bool has_events);
/// True for the subject of an event that settle_rows() moves.
bool is_feed_event(std::string_view subject);
/// Deletes events of the owner that are older than an hour, 5,000 at most. @returns true if there may be more
bool trim_feed(store::Txn& txn, const std::string& owner);

}  // namespace lamda::outbox
