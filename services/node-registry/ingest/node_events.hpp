// Events about nodes for the live feeds.
#pragma once

#include <vector>

#include "services/node-registry/ingest/node_store.hpp"
#include "wire/events.hpp"

namespace lamda::registry {

/// A change of a node, and the node after it.
struct FeedEvent {
    NodeRow row;
    wire::NodeChange change = wire::NodeChange::kChanged;
    Timestamp at;
    const NodeEvent* entry = nullptr;  ///< journal entry that is the cause; nullptr: none
};

/// Returns the visible change from `before` to `after`; nullopt: none, as for a heartbeat.
std::optional<wire::NodeChange> visible_change(const std::optional<NodeRow>& before, const NodeRow& after);
/// Returns the event of a node whose journal was changed by a reorg or a repair; nullopt: no visible change.
std::optional<FeedEvent> refold_event(const std::optional<NodeRow>& before,
                                      const std::optional<NodeRow>& after, Timestamp now);

/// Puts recent events into the outbox (outbox::is_recent). Called after journal and rows are written.
void put_feed_events(store::Txn& txn, const std::vector<FeedEvent>& events, Timestamp now);

/// Puts events for nodes that went online or offline since the last call, at most a thousand. Returns their
/// number.
std::size_t put_presence_events(store::Txn& txn, Timestamp now);

}  // namespace lamda::registry
