// SQL of the live feed (views api.feed_event, api.feed_position), and of what its snapshots show.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/memory_budget.hpp"
#include "services/api-gateway/feed/channel.hpp"
#include "services/api-gateway/feed/feed_event.hpp"
#include "store/database.hpp"

namespace lamda::gateway {

struct FeedLog {
    FeedPlace newest;
    std::optional<std::uint64_t> first;  ///< number of the oldest event that is kept; nullopt: none is
};
FeedLog read_feed_log(store::Txn& txn);

struct FeedRow {
    std::uint64_t seq = 0;
    std::string body;
};
/// Returns the next events after a number, in order, `most` of them.
std::vector<FeedRow> read_feed(store::Txn& txn, std::uint64_t after, int most);

/// Returns the channel's present state as JSON: the object of REST for a job or node, null if it is unknown;
/// the newest jobs as a page `{"items","next_cursor"}`. @throws problem::Problem 503 without memory for the
/// answer
std::string read_channel_state(store::Txn& txn, const Channel& channel, std::size_t bytes,
                               MemoryBudget& memory);

}  // namespace lamda::gateway
