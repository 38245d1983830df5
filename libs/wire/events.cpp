#include "wire/events.hpp"

#include <array>

#include "wire/detail/json.hpp"
#include "wire/messages.hpp"
#include "wire/subjects.hpp"

namespace lamda::wire {

namespace {

using detail::Json;

constexpr std::array kStatuses{
    PublicStatus::kCreated,    PublicStatus::kAwaitingSpec, PublicStatus::kAwaitingProvider,
    PublicStatus::kMismatched, PublicStatus::kAssigned,     PublicStatus::kRunning,
    PublicStatus::kCompleted,  PublicStatus::kConfirmed,    PublicStatus::kPaid,
    PublicStatus::kFailed,     PublicStatus::kCancelled,    PublicStatus::kExpired,
    PublicStatus::kRetracted};
constexpr std::array kChanges{NodeChange::kRegistered, NodeChange::kChanged, NodeChange::kJobCounted,
                              NodeChange::kOnline,     NodeChange::kOffline, NodeChange::kRetracted};

/// As in REST: an integer if every reader represents it exactly, else a decimal string.
Json number(const U256& value) {
    return value < (U256(1) << 53) ? Json(value.convert_to<std::uint64_t>()) : Json(to_decimal(value));
}

std::string body_of(const EventCause& cause, std::string kind, Json::Object data) {
    Event event;
    event.id = cause.id;
    event.kind = std::move(kind);
    event.at = cause.at;
    event.chain_id = cause.chain_id;
    event.block = cause.block;
    event.log_index = cause.log_index;
    event.data_json = Json(std::move(data)).text();
    return to_json(event);
}

}  // namespace

std::string_view to_string(NodeChange change) {
    switch (change) {
        case NodeChange::kRegistered:
            return "registered";
        case NodeChange::kChanged:
            return "changed";
        case NodeChange::kJobCounted:
            return "job_counted";
        case NodeChange::kOnline:
            return "online";
        case NodeChange::kOffline:
            return "offline";
        case NodeChange::kRetracted:
            return "retracted";
    }
    return "";
}

std::string event_kind(PublicStatus status) {
    return "job." + std::string(to_string(status));
}

std::string event_kind(NodeChange change) {
    return "node." + std::string(to_string(change));
}

std::vector<std::string> event_kinds() {
    std::vector<std::string> out;
    out.reserve(kStatuses.size() + kChanges.size());
    for (const auto status : kStatuses) {
        out.push_back(event_kind(status));
    }
    for (const auto change : kChanges) {
        out.push_back(event_kind(change));
    }
    return out;
}

std::vector<EventMessage> event_messages(const EventCause& cause, const JobUpdate& update,
                                         const std::string& mark) {
    const auto body = body_of(cause, event_kind(update.status),
                              {{"id", update.id.hex()},
                               {"status", std::string(to_string(update.status))},
                               {"attempt", update.attempt},
                               {"renter_address", update.renter.hex()},
                               {"provider_address", update.provider.hex()},
                               {"provider_draining", update.provider_draining}});
    std::vector<EventMessage> out;
    for (const auto& subject : {job_event_subject(update.id), std::string(kGlobalEvents)}) {
        out.push_back(
            {subject, event_message_id(cause.id, subject) + (mark.empty() ? "" : ":" + mark), body});
    }
    return out;
}

std::vector<EventMessage> event_messages(const EventCause& cause, const NodeUpdate& update) {
    const auto body = body_of(cause, event_kind(update.change),
                              {{"wallet_address", update.provider.hex()},
                               {"gpu_model", update.gpu_model},
                               {"vram", number(update.vram)},
                               {"is_online", update.is_online},
                               {"total_jobs_completed", number(update.job_count)},
                               {"reputation_score", number(update.job_count)}});
    const auto own = node_event_subject(update.provider);
    const std::string all = kGlobalEvents;
    // The journals of jobs and nodes number their entries independently: without the mark a node's event
    // would be de-duplicated as a repetition of a job's, and lost.
    return {{own, event_message_id(cause.id, own), body},
            {all, event_message_id(cause.id, all) + ":node", body}};
}

}  // namespace lamda::wire
