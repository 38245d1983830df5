// Events for live feeds: a job or a node is as told, because of something that happened.
//
// One creator for all senders: kinds, data and subjects are promised in proto/messages/event.v1.schema.json.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/clock.hpp"
#include "core/ids.hpp"
#include "core/u256.hpp"
#include "wire/job_state.hpp"

namespace lamda::wire {

enum class NodeChange {
    kRegistered,
    kChanged,     ///< registered again with other hardware, or different without a fact that was taken back
    kJobCounted,  ///< JobCountIncremented
    kOnline,
    kOffline,
    kRetracted  ///< its registration was taken back by a reorg
};
std::string_view to_string(NodeChange change);

/// `job.<status>`, `node.<change>`.
std::string event_kind(PublicStatus status);
std::string event_kind(NodeChange change);
/// Every kind that this version sends.
std::vector<std::string> event_kinds();

/// The journal entry that an event follows from.
struct EventCause {
    std::int64_t id = 0;  ///< of the entry; unique within the journal of jobs, or of nodes
    Timestamp at;
    std::optional<ChainId> chain_id;
    std::optional<BlockRef> block;           ///< absent: presence, work, or a fact that was taken back
    std::optional<std::uint64_t> log_index;  ///< as block
};

struct JobUpdate {
    JobId id;
    PublicStatus status = PublicStatus::kCreated;
    std::uint32_t attempt = 0;
    Address renter;
    Address provider;
};

struct NodeUpdate {
    Address provider;
    NodeChange change = NodeChange::kRegistered;
    std::string gpu_model;
    U256 vram;
    bool is_online = false;
    U256 job_count;
};

struct EventMessage {
    std::string subject;
    std::string message_id;
    std::string body;
};
/// To those who follow this job, and those who follow all. `mark` (`unwound`) tells an event about taking an
/// entry back from the one about the entry itself; empty: the latter.
std::vector<EventMessage> event_messages(const EventCause& cause, const JobUpdate& update,
                                         const std::string& mark = "");
/// To those who follow this node, and those who follow all.
std::vector<EventMessage> event_messages(const EventCause& cause, const NodeUpdate& update);

}  // namespace lamda::wire
