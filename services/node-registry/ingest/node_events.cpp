#include "services/node-registry/ingest/node_events.hpp"

#include "outbox/outbox.hpp"

namespace lamda::registry {

namespace {

using wire::NodeChange;

/// Compares the visible fields, without the times.
bool looks_the_same(const NodeRow& a, const NodeRow& b) {
    return a.gpu_model == b.gpu_model && a.vram == b.vram && a.job_count == b.job_count;
}

bool is_registered(const std::optional<NodeRow>& row) {
    return row && row->is_registered;
}

wire::EventCause cause_of(store::Txn& txn, const FeedEvent& event, const std::optional<ChainId>& chain) {
    wire::EventCause out{0, event.at, chain, std::nullopt, std::nullopt};
    if (event.entry != nullptr) {
        out.id = entry_id(txn, *event.entry);
        out.block = event.entry->block;
        out.log_index = event.entry->log_index;
    } else {
        out.id = next_entry_id(txn);
    }
    return out;
}

}  // namespace

std::optional<NodeChange> visible_change(const std::optional<NodeRow>& before, const NodeRow& after) {
    if (!after.is_registered) {
        return std::nullopt;
    }
    if (!is_registered(before)) {
        return NodeChange::kRegistered;
    }
    if (before->job_count != after.job_count) {
        return NodeChange::kJobCounted;
    }
    return looks_the_same(*before, after) ? std::nullopt : std::optional(NodeChange::kChanged);
}

std::optional<FeedEvent> refold_event(const std::optional<NodeRow>& before,
                                      const std::optional<NodeRow>& after, Timestamp now) {
    if (!is_registered(before)) {
        return is_registered(after) ? std::optional(FeedEvent{*after, NodeChange::kRegistered, now})
                                    : std::nullopt;
    }
    if (!is_registered(after)) {
        return FeedEvent{*before, NodeChange::kRetracted, now};
    }
    return looks_the_same(*before, *after) ? std::nullopt
                                           : std::optional(FeedEvent{*after, NodeChange::kChanged, now});
}

void put_feed_events(store::Txn& txn, const std::vector<FeedEvent>& events, Timestamp now) {
    std::vector<const FeedEvent*> recent;
    std::set<Address> providers;
    for (const auto& event : events) {
        if (outbox::is_recent(event.at, now)) {
            recent.push_back(&event);
            providers.insert(event.row.provider);
        }
    }
    if (recent.empty()) {
        return;
    }
    const auto online = online_nodes(txn, providers);
    const auto chain = stream_chain(txn);
    std::vector<outbox::OutboxMessage> out;
    for (const auto* event : recent) {
        const auto& row = event->row;
        const wire::NodeUpdate about{
            row.provider, event->change, row.gpu_model, row.vram, online.contains(row.provider),
            row.job_count};
        for (auto& message : wire::event_messages(cause_of(txn, *event, chain), about)) {
            out.push_back(
                {std::move(message.subject), std::move(message.message_id), std::move(message.body)});
        }
    }
    outbox::put_outbox(txn, kOwner, out);
}

std::size_t put_presence_events(store::Txn& txn, Timestamp now) {
    const auto changed = announce_presence(txn);
    std::set<Address> providers;
    for (const auto& [provider, is_online] : changed) {
        providers.insert(provider);
    }
    std::vector<FeedEvent> events;
    for (const auto& [provider, row] : read_nodes(txn, providers)) {
        events.push_back({row, changed.at(provider) ? NodeChange::kOnline : NodeChange::kOffline, now});
    }
    put_feed_events(txn, events, now);
    return events.size();
}

}  // namespace lamda::registry
