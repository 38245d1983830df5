#include "services/api-gateway/feed/feed_store.hpp"

#include "core/json_writer.hpp"
#include "services/api-gateway/routes/resource_store.hpp"
#include "services/api-gateway/routes/spec_store.hpp"
#include "views/page.hpp"
#include "views/resources.hpp"

namespace lamda::gateway {

namespace {

/// Jobs of a snapshot: further ones are read page by page, with its cursor.
constexpr auto kSnapshotJobs = "20";

std::string newest_jobs(store::Txn& txn, const std::string& filter, const Address& address, std::size_t bytes,
                        MemoryBudget& memory) {
    views::ListRequest list{{{"limit", kSnapshotJobs}}, "?"};
    if (!filter.empty()) {
        list.values.emplace(filter, address.hex());
    }
    const auto page = views::read_page(txn, views::list_query(views::kJobs, list, bytes), memory);
    JsonWriter out;
    out.begin_object().key("items").raw(page.items);
    out.key("next_cursor").text_or_null(page.next.empty() ? std::nullopt : std::optional(page.next));
    return out.end_object().take();
}

}  // namespace

FeedLog read_feed_log(store::Txn& txn) {
    const auto row = txn.one("SELECT epoch, last_seq, first_seq FROM api.feed_position");
    return {{row.get<std::string>("epoch"), row.get<std::uint64_t>("last_seq")},
            row.maybe<std::uint64_t>("first_seq")};
}

std::vector<FeedRow> read_feed(store::Txn& txn, std::uint64_t after, int most) {
    std::vector<FeedRow> out;
    for (const auto& row :
         txn.exec("SELECT seq, body FROM api.feed_event WHERE seq > $1::bigint ORDER BY seq LIMIT $2",
                  {after, most})) {
        out.push_back({row.get<std::uint64_t>("seq"), row.get<std::string>("body")});
    }
    return out;
}

std::string read_channel_state(store::Txn& txn, const Channel& channel, std::size_t bytes,
                               MemoryBudget& memory) {
    switch (channel.kind) {
        case Channel::Kind::kGlobal:
            return newest_jobs(txn, "", {}, bytes, memory);
        case Channel::Kind::kRenterJobs:
            return newest_jobs(txn, "renter_address", channel.address, bytes, memory);
        case Channel::Kind::kProviderJobs:
            return newest_jobs(txn, "provider_address", channel.address, bytes, memory);
        case Channel::Kind::kJob: {
            const auto job = find_job(txn, channel.job);
            return job ? *job : find_submission(txn, channel.job).value_or("null");
        }
        case Channel::Kind::kNode:
            return find_node(txn, channel.address).value_or("null");
    }
    return "null";
}

}  // namespace lamda::gateway
