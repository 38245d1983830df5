// The registry's SQL. Every function works inside the caller's transaction.
#pragma once

#include <map>
#include <set>
#include <vector>

#include "services/node-registry/ingest/node_fold.hpp"
#include "store/database.hpp"
#include "wire/messages.hpp"

namespace lamda::registry {

constexpr auto kOwner = "registry";
constexpr auto kStream = "registry:opbnb";
/// Notified when a node was registered, changed, or came back.
constexpr auto kNodeChannel = "lamda_node";

void append_journal(store::Txn& txn, const std::vector<NodeEvent>& events);
/// Flags every entry above the block; the providers that lost one.
std::set<Address> orphan_above(store::Txn& txn, BlockNum block);
/// Flags these.
void orphan(store::Txn& txn, const std::vector<const NodeEvent*>& events);
/// Canonical entries of the blocks first … last, ascending.
std::vector<NodeEvent> read_blocks(store::Txn& txn, BlockNum first, BlockNum last);
/// Canonical entries of each provider that has any, ascending.
std::map<Address, std::vector<NodeEvent>> read_journals(store::Txn& txn, const std::set<Address>& providers);

std::map<Address, NodeRow> read_nodes(store::Txn& txn, const std::set<Address>& providers);
/// Of different providers.
void save_nodes(store::Txn& txn, const std::vector<NodeRow>& rows);
void delete_nodes(store::Txn& txn, const std::vector<Address>& providers);

/// The number of a canonical journal entry; one that no entry has. Both rise.
std::int64_t entry_id(store::Txn& txn, const NodeEvent& event);
std::int64_t next_entry_id(store::Txn& txn);
/// Of the chain that the stream is bound to; absent: none yet.
std::optional<ChainId> stream_chain(store::Txn& txn);
/// Those of them that are online now.
std::set<Address> online_nodes(store::Txn& txn, const std::set<Address>& providers);
/// Registered nodes whose presence is another one than was announced, a thousand at most, and whether each is
/// online; announced with this.
std::map<Address, bool> announce_presence(store::Txn& txn);
/// Takes them for offline: what feeds were told of them holds no more.
void forget_announced(store::Txn& txn, const std::vector<Address>& providers);

/// NODE_OFFLINE_AFTER, for the views.
void save_offline_after(store::Txn& txn, Millis offline_after);

struct Presence {
    wire::Heartbeat heartbeat;
    Timestamp received_at;
};
struct SavedPresence {
    bool came_back = false;  ///< one of them was away for longer than `offline_after`, or new here
    std::map<Address, std::uint64_t> newest;  ///< seq stored now; of those that the registry knows
};
/// Last values, of nodes that the registry knows and with a greater seq than the stored one; others are left
/// out.
SavedPresence save_presence(store::Txn& txn, const std::map<Address, Presence>& presences,
                            Millis offline_after);

/// Chain and contract that the job dispatcher reads: what heartbeats are signed for. nullopt: it has recorded
/// none yet.
std::optional<eth::Eip712Domain> recorded_market(store::Txn& txn);

}  // namespace lamda::registry
