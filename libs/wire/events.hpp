// Events for live feeds: the current state of a job or a node, and the cause of the change.
//
// The only creator of event messages: kinds, data and subjects are specified in
// proto/messages/event.v1.schema.json.
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
    kChanged,     ///< registered again with other hardware, or changed after a fact was retracted
    kJobCounted,  ///< JobCountIncremented
    kOnline,
    kOffline,
    kRetracted  ///< a reorg removed its registration
};
std::string_view to_string(NodeChange change);

/// The kind's name: `job.<status>`, `node.<change>`.
std::string event_kind(PublicStatus status);
std::string event_kind(NodeChange change);
/// All kinds that this version sends.
std::vector<std::string> event_kinds();

/// The journal entry that causes an event.
struct EventCause {
    std::int64_t id = 0;  ///< of the entry; unique within its journal (jobs or nodes)
    Timestamp at;
    std::optional<ChainId> chain_id;
    std::optional<BlockRef> block;           ///< absent: presence, work, or a retracted fact
    std::optional<std::uint64_t> log_index;  ///< present exactly if block is
};

struct JobUpdate {
    JobId id;
    PublicStatus status = PublicStatus::kCreated;
    std::uint32_t attempt = 0;
    Address renter;
    Address provider;
    bool provider_draining = false;  ///< the job waits for a provider that takes no new work
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
/// Messages for subscribers of this job and of all jobs. `mark` (`unwound`) distinguishes the retraction of
/// an entry from the entry itself, whose mark is empty.
std::vector<EventMessage> event_messages(const EventCause& cause, const JobUpdate& update,
                                         const std::string& mark = "");
/// Messages for subscribers of this node and of all nodes.
std::vector<EventMessage> event_messages(const EventCause& cause, const NodeUpdate& update);

}  // namespace lamda::wire
