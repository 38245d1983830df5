// Opens channels of the live feed for a listener: from the client's place, or with snapshots.
#pragma once

#include <optional>
#include <vector>

#include "services/api-gateway/feed/feed_hub.hpp"
#include "services/api-gateway/routes/api.hpp"

namespace lamda::gateway {

/// With `after`: sends every event of the channels after that place. If these are not all kept, or without
/// `after`: sends a snapshot of each channel, then every event after it; in the first case a `reset` with the
/// reason precedes them.
/// @throws problem::Problem 503 `starting`: the log has not been read yet
void subscribe(const Parts& parts, const FeedHub::ListenerPtr& listener, const std::vector<Channel>& channels,
               const std::optional<FeedPlace>& after);

}  // namespace lamda::gateway
