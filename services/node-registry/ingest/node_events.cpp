#include "services/node-registry/ingest/node_events.hpp"

#include "outbox/outbox.hpp"

namespace lamda::registry {

namespace {

using wire::NodeChange;

/// As a wallet's owner sees it: without the times.
bool looks_the_same(const NodeRow& a, const NodeRow& b) {
    return a.gpu_model == b.gpu_model && a.vram == b.vram && a.job_count == b.job_count;
}

bool is_registered(const std::optional<NodeRow>& row) {
    return row && row->is_registered;
}

wire::EventCause cause_of(store::Txn& txn, const NodeStory& story, const std::optional<ChainId>& chain) {
    wire::EventCause out{0, story.at, chain, std::nullopt, std::nullopt};
    if (story.entry != nullptr) {
        out.id = entry_id(txn, *story.entry);
        out.block = story.entry->block;
        out.log_index = story.entry->log_index;
    } else {
        out.id = next_entry_id(txn);
    }
    return out;
}

}  // namespace

std::optional<NodeChange> seen_change(const std::optional<NodeRow>& before, const NodeRow& after) {
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

std::optional<NodeStory> refolded_story(const std::optional<NodeRow>& before,
                                        const std::optional<NodeRow>& after, Timestamp now) {
    if (!is_registered(before)) {
        return is_registered(after) ? std::optional(NodeStory{*after, NodeChange::kRegistered, now})
                                    : std::nullopt;
    }
    if (!is_registered(after)) {
        return NodeStory{*before, NodeChange::kRetracted, now};
    }
    return looks_the_same(*before, *after) ? std::nullopt
                                           : std::optional(NodeStory{*after, NodeChange::kChanged, now});
}

void tell(store::Txn& txn, const std::vector<NodeStory>& stories, Timestamp now) {
    std::vector<const NodeStory*> news;
    std::set<Address> providers;
    for (const auto& story : stories) {
        if (outbox::is_recent(story.at, now)) {
            news.push_back(&story);
            providers.insert(story.row.provider);
        }
    }
    if (news.empty()) {
        return;
    }
    const auto online = online_nodes(txn, providers);
    const auto chain = stream_chain(txn);
    std::vector<outbox::OutboxMessage> out;
    for (const auto* story : news) {
        const auto& row = story->row;
        const wire::NodeUpdate about{
            row.provider, story->change, row.gpu_model, row.vram, online.contains(row.provider),
            row.job_count};
        for (auto& message : wire::event_messages(cause_of(txn, *story, chain), about)) {
            out.push_back(
                {std::move(message.subject), std::move(message.message_id), std::move(message.body)});
        }
    }
    outbox::put_outbox(txn, kOwner, out);
}

std::size_t tell_presence(store::Txn& txn, Timestamp now) {
    const auto changed = announce_presence(txn);
    std::set<Address> providers;
    for (const auto& [provider, is_online] : changed) {
        providers.insert(provider);
    }
    std::vector<NodeStory> stories;
    for (const auto& [provider, row] : read_nodes(txn, providers)) {
        stories.push_back({row, changed.at(provider) ? NodeChange::kOnline : NodeChange::kOffline, now});
    }
    tell(txn, stories, now);
    return stories.size();
}

}  // namespace lamda::registry
