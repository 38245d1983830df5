// What live feeds are told of nodes.
#pragma once

#include <vector>

#include "services/node-registry/ingest/node_store.hpp"
#include "wire/events.hpp"

namespace lamda::registry {

/// A node after something happened to it.
struct NodeStory {
    NodeRow row;
    wire::NodeChange change = wire::NodeChange::kChanged;
    Timestamp at;
    const NodeEvent* entry = nullptr;  ///< in the journal; nullptr: none is the cause
};

/// What people see of a journal entry: the change from `before` to `after`, if it is one. A heartbeat is
/// none.
std::optional<wire::NodeChange> seen_change(const std::optional<NodeRow>& before, const NodeRow& after);
/// What people see of a node whose journal is another one now (reorg, repair).
std::optional<NodeStory> refolded_story(const std::optional<NodeRow>& before,
                                        const std::optional<NodeRow>& after, Timestamp now);

/// Into the outbox: the stories that are news. After the rows and the journal are written.
void tell(store::Txn& txn, const std::vector<NodeStory>& stories, Timestamp now);

/// Tells who came or went since the last time, a thousand at most; how many.
std::size_t tell_presence(store::Txn& txn, Timestamp now);

}  // namespace lamda::registry
