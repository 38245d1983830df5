// Messages of the live feed: one JSON object each, the same as a server-sent event and on a WebSocket.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "http/feed.hpp"

namespace lamda::gateway {

/// A place in the feed log. Its text `<epoch>-<seq>` is the id of an event, and of a snapshot.
struct FeedPlace {
    std::string epoch;      ///< of the log; another one numbers other events
    std::uint64_t seq = 0;  ///< 0: before the first event
    bool operator==(const FeedPlace&) const = default;

    std::string text() const;
    static std::optional<FeedPlace> parse(std::string_view text);
};

/// One message in its two forms.
struct FeedMessage {
    http::SharedBytes bytes;  ///< a server-sent event (HTML Living Standard, section 9.2)
    http::SharedBytes frame;  ///< a WebSocket frame
};
/// @param id of the event; empty: it does not change the place from which a client continues
/// @param json without line breaks
FeedMessage feed_message(const std::string& id, std::string_view json);

struct FeedEvent {
    std::uint64_t seq = 0;
    std::vector<std::string> keys;  ///< Channel::key() of each channel that it belongs to
    FeedMessage message;
};
/// Returns
/// `{"type":"event","id","epoch","kind","at","chain_id","block_number","block_hash","log_index","data"}`,
/// with addresses in EIP-55. @param body of a message on `events.*`; one that this release cannot read
/// becomes an event of `global` with kind `unknown`, so that no number is missing
FeedEvent feed_event(const FeedPlace& place, const std::string& body);

/// `{"type":"snapshot","channel","id","epoch","data"}`. @param data JSON: the state that includes all events
/// up to `place`
/// @param last of the snapshots that begin a connection: only after it may a client continue from its id
FeedMessage snapshot_message(const FeedPlace& place, const std::string& channel, std::string_view data,
                             bool last);

enum class ResetReason {
    kOtherEpoch,  ///< the log is another one: the database was restored or replaced
    kTooOld,      ///< the events after this id are not kept any more
    kUnknownId    ///< no event has this id yet
};
/// `{"type":"reset","reason"}`: the events after the client's place cannot be sent; snapshots follow.
FeedMessage reset_message(ResetReason reason);

enum class DropReason {
    kSlowReader,   ///< too many bytes wait for the client
    kOtherEpoch,   ///< the log became another one
    kEventsMissed  ///< the gateway could not read the log for so long that events are gone
};
/// `{"type":"dropped","reason"}`: the last message of a connection that the gateway ends.
FeedMessage drop_message(DropReason reason);

}  // namespace lamda::gateway
