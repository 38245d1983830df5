#include "services/api-gateway/feed/subscription.hpp"

#include "services/api-gateway/feed/feed_store.hpp"

namespace lamda::gateway {

namespace {

/// Snapshots are read again if so many events came meanwhile that those after the first ones are not kept any
/// more.
constexpr int kTries = 5;

/// Bytes of the lists in all snapshots of one subscription: they wait in memory until the client has read
/// them.
constexpr std::size_t kSnapshotBytes = 128U << 10;

/// An event that another gateway has sent may not have been read here yet: the database knows it.
std::optional<ResetReason> gap_after(const Parts& parts, const FeedPlace& place) {
    const auto gap = parts.feed.gap_after(place);
    if (gap != ResetReason::kUnknownId) {
        return gap;
    }
    const auto log = parts.database.transact([](store::Txn& txn) { return read_feed_log(txn); });
    return log.newest.epoch == place.epoch && place.seq <= log.newest.seq ? std::nullopt : gap;
}

std::vector<FeedMessage> snapshots(const Parts& parts, const std::vector<Channel>& channels,
                                   const FeedPlace& place) {
    return parts.database.transact([&](store::Txn& txn) {
        std::vector<FeedMessage> out;
        for (const auto& channel : channels) {
            const auto state =
                read_channel_state(txn, channel, kSnapshotBytes / channels.size(), parts.memory);
            out.push_back(snapshot_message(place, channel.name(), state, out.size() + 1 == channels.size()));
        }
        return out;
    });
}

FeedPlace newest_place(const FeedHub& hub) {
    const auto newest = hub.newest();
    if (!newest) {
        throw problem::Problem{503, "starting", "", "the live feed has not been read yet; try again", {}, 1};
    }
    return *newest;
}

}  // namespace

void subscribe(const Parts& parts, const FeedHub::ListenerPtr& listener, const std::vector<Channel>& channels,
               const std::optional<FeedPlace>& after) {
    newest_place(parts.feed);
    std::vector<FeedMessage> first;
    if (after) {
        const auto gap = gap_after(parts, *after);
        if (!gap && parts.feed.attach(listener, channels, *after, {})) {
            return;
        }
        first.push_back(reset_message(gap.value_or(ResetReason::kTooOld)));
    }
    for (int i = 0; i < kTries; ++i) {
        // The place is read before the state: the state includes every event up to it.
        const auto place = newest_place(parts.feed);
        auto messages = first;
        for (auto& snapshot : snapshots(parts, channels, place)) {
            messages.push_back(std::move(snapshot));
        }
        if (parts.feed.attach(listener, channels, place, messages)) {
            return;
        }
    }
    throw problem::Problem{
        503, "feed_busy", "", "events arrive faster than snapshots are read; try again", {}, 1};
}

}  // namespace lamda::gateway
