// The registry's SQL. Every function runs inside the caller's transaction.
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

void append_journal(store::Txn& txn, const std::vector<NodeEvent>& events);
/// Flags every entry above the block as orphaned. Returns the affected providers.
std::set<Address> orphan_above(store::Txn& txn, BlockNum block);
/// Flags these entries as orphaned.
void orphan(store::Txn& txn, const std::vector<const NodeEvent*>& events);
/// Returns the canonical entries of blocks first … last, ascending.
std::vector<NodeEvent> read_blocks(store::Txn& txn, BlockNum first, BlockNum last);
/// Returns the canonical entries of each provider that has any, ascending.
std::map<Address, std::vector<NodeEvent>> read_journals(store::Txn& txn, const std::set<Address>& providers);

std::map<Address, NodeRow> read_nodes(store::Txn& txn, const std::set<Address>& providers);
/// Inserts or updates rows; each of a different provider.
void save_nodes(store::Txn& txn, const std::vector<NodeRow>& rows);
void delete_nodes(store::Txn& txn, const std::vector<Address>& providers);

/// Returns the id of a canonical journal entry, or a new id. Ids ascend.
std::int64_t entry_id(store::Txn& txn, const NodeEvent& event);
std::int64_t next_entry_id(store::Txn& txn);
/// Returns the chain that the stream is bound to; nullopt: none yet.
std::optional<ChainId> stream_chain(store::Txn& txn);
/// Returns the subset of `providers` that is online.
std::set<Address> online_nodes(store::Txn& txn, const std::set<Address>& providers);
/// Finds registered nodes whose presence differs from the announced one, at most a thousand, and records it
/// as announced. Returns true for nodes that are online.
std::map<Address, bool> announce_presence(store::Txn& txn);
/// Resets the announced presence to offline.
void forget_announced(store::Txn& txn, const std::vector<Address>& providers);

/// Stores NODE_OFFLINE_AFTER for the views.
void save_offline_after(store::Txn& txn, Millis offline_after);

struct Presence {
    wire::Heartbeat heartbeat;
    Timestamp received_at;
    std::optional<Bytes> public_key;      ///< that signed it, 33 bytes; absent: stored before
    std::optional<std::string> notice{};  ///< verified, as JSON of wire::ProviderNotice; absent: unchanged
};
struct SavedPresence {
    bool came_back = false;  ///< at least one was absent for longer than `offline_after`, or is new
    std::map<Address, std::uint64_t> newest;  ///< stored seq of each known node
};
/// Stores the last values of known nodes whose seq is greater than the stored one; skips others. Stores the
/// public keys of known nodes.
SavedPresence save_presence(store::Txn& txn, const std::map<Address, Presence>& presences,
                            Millis offline_after);

/// Returns the domain that heartbeats are signed for: chain and contract of the job dispatcher. nullopt: none
/// recorded yet.
std::optional<eth::Eip712Domain> recorded_deployment(store::Txn& txn);

}  // namespace lamda::registry
