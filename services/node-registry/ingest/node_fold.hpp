// Folds a node's journal of NodeReputation events into its row.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "core/clock.hpp"
#include "core/ids.hpp"
#include "core/u256.hpp"

namespace lamda::registry {

enum class NodeFact { kRegistered, kHeartbeat, kJobCounted, kOwnershipTransferred };
/// Returns `registered`, `heartbeat`, `job_counted` or `ownership_transferred`: the journal's column `kind`.
std::string_view to_string(NodeFact fact);
/// Errors: `invalid_fact`.
Result<NodeFact> parse_node_fact(std::string_view text);

/// One log of NodeReputation.
struct NodeEvent {
    std::optional<Address> provider;  ///< absent: ownership_transferred
    NodeFact fact = NodeFact::kHeartbeat;
    BlockRef block;
    std::uint64_t log_index = 0;
    TxHash tx_hash;
    Timestamp at;           ///< block time
    std::string gpu_model;  ///< registered
    U256 vram;              ///< registered: the contract's number, unchanged
    U256 new_count;         ///< job_counted
    Address new_owner;      ///< ownership_transferred
    bool operator==(const NodeEvent&) const = default;
};
/// Returns the fact's data as a JSON object.
std::string body_json(const NodeEvent& event);
/// Parses the JSON of body_json() into an event whose fact is set. Errors: `invalid_body`.
Status read_body(std::string_view json, NodeEvent& event);

struct NodeRow {
    Address provider;
    bool is_registered = false;  ///< false: has a count or a heartbeat, but no registration
    std::string gpu_model;
    U256 vram;
    U256 job_count;       ///< last newCount
    Timestamp last_seen;  ///< last registration or heartbeat on chain; before any, the first event
    Timestamp created_at;
    Timestamp updated_at;
    bool operator==(const NodeRow&) const = default;
};

/// Applies a canonical event of one provider. Events ascend by block and log index.
void apply_event(std::optional<NodeRow>& row, const NodeEvent& event);
std::optional<NodeRow> fold(std::span<const NodeEvent> journal);

}  // namespace lamda::registry
