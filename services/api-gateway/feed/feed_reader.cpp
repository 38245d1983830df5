#include "services/api-gateway/feed/feed_reader.hpp"

#include <algorithm>
#include <iterator>
#include <tuple>

#include "core/deadline.hpp"
#include "store/channels.hpp"

namespace lamda::gateway {

namespace {

constexpr int kRowsAtOnce = 1'000;
/// Events that a new gateway reads for clients that continue; the hub keeps as many of them as it has room
/// for.
constexpr std::uint64_t kEventsAtStart = 50'000;
constexpr Millis kPollEvery{1'000};
constexpr Millis kBeatEvery{15'000};
/// Pause after a failure, and the interval at which the loop checks for a stop.
constexpr Millis kSlice{200};
constexpr Millis kCatchUpEvery{20};

/// Number of the event before the first one that a new gateway reads.
std::uint64_t start_of(const FeedLog& log) {
    const auto newest = log.newest.seq;
    const auto before_oldest = log.first ? *log.first - 1 : newest;
    return std::max(before_oldest, newest - std::min(newest, kEventsAtStart));
}

using Rows = std::vector<FeedRow>;

/// First row behind the last gap in the numbers: the oldest events are deleted by each owner for itself.
Rows::const_iterator after_last_gap(const Rows& rows, std::uint64_t after) {
    auto out = rows.begin();
    for (auto row = rows.begin(); row != rows.end(); after = row++->seq) {
        if (row->seq != after + 1) {
            out = row;
        }
    }
    return out;
}

std::vector<FeedEvent> events_of(const std::string& epoch, Rows::const_iterator first,
                                 Rows::const_iterator last) {
    std::vector<FeedEvent> out;
    std::transform(first, last, std::back_inserter(out),
                   [&](const FeedRow& row) { return feed_event({epoch, row.seq}, row.body); });
    return out;
}

}  // namespace

FeedReader::FeedReader(store::Database& database, FeedHub& hub, const Clock& clock, telemetry::Log log)
    : database_(database), hub_(hub), clock_(clock), log_(std::move(log)) {}

bool FeedReader::poll_once() {
    const auto known = hub_.newest();
    // The epoch is read on the connection that reads the events.
    const auto [log, after, rows] = database_.transact([&](store::Txn& txn) {
        const auto found = read_feed_log(txn);
        const auto from = known && known->epoch == found.newest.epoch ? known->seq : start_of(found);
        return std::tuple(found, from, read_feed(txn, from, kRowsAtOnce));
    });
    const auto& epoch = log.newest.epoch;
    if (!known || known->epoch != epoch) {
        log_.info("live feed begins", {{"epoch", epoch}, {"after", after}});
        hub_.restart({epoch, after}, DropReason::kOtherEpoch);
    }
    const auto next = after_last_gap(rows, after);
    if (next != rows.begin() || (!rows.empty() && rows.front().seq != after + 1)) {
        log_.warn("events of the live feed were deleted before they were read",
                  {{"after", after}, {"next", next->seq}});
        hub_.restart({epoch, next->seq - 1}, DropReason::kEventsMissed);
    }
    hub_.publish(events_of(epoch, next, rows.end()));
    return rows.size() == static_cast<std::size_t>(kRowsAtOnce);
}

void FeedReader::run(const std::stop_token& stop) {
    store::Listener listener(database_, {store::kFeedChannel});
    Deadline poll(clock_, Millis(0));
    Deadline beat(clock_, kBeatEvery);
    bool lagging = false;
    while (!stop.stop_requested()) {
        const bool hint = listener.wait(std::min(poll.left(), lagging ? kCatchUpEvery : kSlice));
        if (hint || poll.passed()) {
            poll = Deadline(clock_, kPollEvery);
            try {
                while (poll_once() && !stop.stop_requested()) {
                }
            } catch (const store::Unavailable& error) {
                log_.debug("reading the live feed failed", {{"reason", error.what()}});
                poll = Deadline(clock_, kSlice);
            }
            hub_.forget_closed();
        }
        lagging = hub_.catch_up();
        if (beat.passed()) {
            hub_.beat();
            beat = Deadline(clock_, kBeatEvery);
        }
    }
}

}  // namespace lamda::gateway
