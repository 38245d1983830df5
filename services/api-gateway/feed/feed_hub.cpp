#include "services/api-gateway/feed/feed_hub.hpp"

#include <algorithm>
#include <iterator>

#include "problem/problem.hpp"

namespace lamda::gateway {

namespace {
/// Memory of an event in the ring in addition to its message.
constexpr std::size_t kEventBytes = 512;

std::size_t size_of(const FeedEvent& event) {
    return event.message.bytes->size() + event.message.frame->size() + kEventBytes;
}
}  // namespace

class FeedHub::Listener {
  public:
    Listener(std::unique_ptr<FeedSink> to, std::string address)
        : sink(std::move(to)), client(std::move(address)) {}

    /// A channel: its events after `from` are the listener's; those up to `sent` it has.
    struct Subscribed {
        std::uint64_t from = 0;
        std::uint64_t sent = 0;
    };
    /// True if the event belongs to a channel, and was not sent for another one.
    bool wants(const FeedEvent& event) const {
        bool wanted = false;
        for (const auto& key : event.keys) {
            const auto at = channels.find(key);
            if (at != channels.end() && event.seq > at->second.from) {
                if (event.seq <= at->second.sent) {
                    return false;
                }
                wanted = true;
            }
        }
        return wanted;
    }

    std::unique_ptr<FeedSink> sink;
    const std::string client;
    std::map<std::string, Subscribed> channels;  ///< by key
    bool lags = false;  ///< it continues in the ring after `sent`; otherwise it has everything
    std::uint64_t sent = 0;
    bool over = false;  ///< dropped
};

FeedHub::FeedHub(Limits limits, telemetry::Metrics& metrics)
    : limits_(limits),
      count_(metrics.gauge("lamda_gateway_feed_listeners", "Clients that listen to the live feed.")),
      sent_(metrics.counter("lamda_gateway_feed_messages_total",
                            "Messages sent to listeners of the live feed.")),
      slow_(metrics.counter("lamda_gateway_feed_slow_listeners_total",
                            "Listeners of the live feed that were dropped because they read slowly.")) {}

std::optional<FeedPlace> FeedHub::newest() const {
    const std::lock_guard lock(mutex_);
    return newest_;
}

std::optional<ResetReason> FeedHub::gap_after(const FeedPlace& place) const {
    const std::lock_guard lock(mutex_);
    if (!newest_ || newest_->epoch != place.epoch) {
        return ResetReason::kOtherEpoch;
    }
    if (place.seq > newest_->seq) {
        return ResetReason::kUnknownId;
    }
    return has_events_after(place.seq) ? std::nullopt : std::optional(ResetReason::kTooOld);
}

bool FeedHub::has_events_after(std::uint64_t seq) const {
    const auto before_first = ring_.empty() ? newest_->seq : ring_.front().seq - 1;
    return seq >= before_first;
}

FeedHub::ListenerPtr FeedHub::add(std::unique_ptr<FeedSink> sink, const std::string& client) {
    const std::string unit = limits_.proxies.contain(client) ? "" : http::address_unit(client);
    const std::lock_guard lock(mutex_);
    const auto own = of_client_.find(unit);
    const bool has_its_share = !unit.empty() && own != of_client_.end() && own->second >= limits_.of_client;
    if (listeners_.size() >= limits_.listeners || has_its_share) {
        throw problem::Problem{503, "too_many_listeners",
                               "",  "too many clients listen to the live feed; try again later",
                               {},  10};
    }
    auto out = std::make_shared<Listener>(std::move(sink), unit);
    listeners_.emplace(out.get(), out);
    ++of_client_[unit];
    count_.set(static_cast<double>(listeners_.size()));
    return out;
}

bool FeedHub::attach(const ListenerPtr& listener, const std::vector<Channel>& channels,
                     const FeedPlace& place, const std::vector<FeedMessage>& first) {
    const std::lock_guard lock(mutex_);
    if (!newest_ || newest_->epoch != place.epoch || !has_events_after(place.seq)) {
        return false;
    }
    if (!listeners_.contains(listener.get())) {
        return true;  // dropped or gone meanwhile
    }
    for (const auto& message : first) {
        listener->sink->begin(message);
        sent_.add();
    }
    // It continues at the earlier of the two places; for the channels that it has, nothing is sent again.
    const auto now_at = listener->lags ? listener->sent : newest_->seq;
    for (auto& [key, channel] : listener->channels) {
        channel.sent = std::max(channel.sent, now_at);
    }
    for (const auto& channel : channels) {
        if (listener->channels.emplace(channel.key(), Listener::Subscribed{place.seq, place.seq}).second) {
            by_key_[channel.key()].push_back(listener.get());
        }
    }
    listener->sent = std::min(place.seq, now_at);
    send_from_ring(*listener);
    return true;
}

void FeedHub::send_from_ring(Listener& listener) {
    if (listener.over) {
        return;
    }
    if (!has_events_after(listener.sent)) {
        slow_.add();
        drop(listener, DropReason::kSlowReader);
        return;
    }
    const auto next = std::partition_point(
        ring_.begin(), ring_.end(), [&](const FeedEvent& event) { return event.seq <= listener.sent; });
    for (auto event = next; event != ring_.end(); ++event) {
        if (listener.wants(*event)) {
            if (!listener.sink->send(event->message)) {
                return lag_before(listener, *event);
            }
            sent_.add();
        }
    }
    listener.lags = false;
    lagging_.erase(&listener);
}

void FeedHub::lag_before(Listener& listener, const FeedEvent& event) {
    listener.lags = true;
    listener.sent = event.seq - 1;
    lagging_.insert(&listener);
}

bool FeedHub::catch_up() {
    const std::lock_guard lock(mutex_);
    const std::vector<Listener*> lagging(lagging_.begin(), lagging_.end());
    for (Listener* const listener : lagging) {
        send_from_ring(*listener);
    }
    return !lagging_.empty();
}

bool FeedHub::detach(const ListenerPtr& listener, const Channel& channel) {
    const std::lock_guard lock(mutex_);
    const auto key = channel.key();
    if (listener->channels.erase(key) == 0) {
        return false;
    }
    if (const auto at = by_key_.find(key); at != by_key_.end()) {
        std::erase(at->second, listener.get());
        if (at->second.empty()) {
            by_key_.erase(at);
        }
    }
    return true;
}

std::size_t FeedHub::channels_of(const ListenerPtr& listener) const {
    const std::lock_guard lock(mutex_);
    return listener->channels.size();
}

std::vector<Channel> FeedHub::missing(const ListenerPtr& listener,
                                      const std::vector<Channel>& channels) const {
    const std::lock_guard lock(mutex_);
    std::vector<Channel> out;
    std::copy_if(channels.begin(), channels.end(), std::back_inserter(out),
                 [&](const Channel& channel) { return !listener->channels.contains(channel.key()); });
    return out;
}

bool FeedHub::lags(const ListenerPtr& listener) const {
    const std::lock_guard lock(mutex_);
    return listener->lags;
}

void FeedHub::remove(const ListenerPtr& listener) {
    const std::lock_guard lock(mutex_);
    forget(listener);
}

void FeedHub::restart(const FeedPlace& place, DropReason reason) {
    const std::lock_guard lock(mutex_);
    for (const auto& [key, listener] : listeners_) {
        drop(*listener, reason);
    }
    listeners_.clear();
    of_client_.clear();
    by_key_.clear();
    lagging_.clear();
    ring_.clear();
    ring_bytes_ = 0;
    newest_ = place;
    count_.set(0);
}

void FeedHub::publish(std::vector<FeedEvent> events) {
    const std::lock_guard lock(mutex_);
    for (auto& event : events) {
        deliver(event);
        newest_->seq = event.seq;
        ring_bytes_ += size_of(event);
        ring_.push_back(std::move(event));
    }
    while (ring_bytes_ > limits_.ring_bytes && ring_.size() > 1) {
        ring_bytes_ -= size_of(ring_.front());
        ring_.pop_front();
    }
}

void FeedHub::deliver(const FeedEvent& event) {
    for (const auto& key : event.keys) {
        const auto at = by_key_.find(key);
        if (at == by_key_.end()) {
            continue;
        }
        for (Listener* const listener : at->second) {
            // A listener with several channels gets the event once.
            if (listener->over || listener->lags || listener->sent >= event.seq || !listener->wants(event)) {
                continue;
            }
            if (listener->sink->send(event.message)) {
                listener->sent = event.seq;
                sent_.add();
            } else {
                lag_before(*listener, event);
            }
        }
    }
}

void FeedHub::drop(Listener& listener, DropReason reason) {
    if (!std::exchange(listener.over, true)) {
        lagging_.erase(&listener);
        listener.sink->drop(reason);
    }
}

void FeedHub::forget(const ListenerPtr& listener) {
    if (listeners_.erase(listener.get()) == 0) {
        return;
    }
    lagging_.erase(listener.get());
    for (const auto& [key, channel] : listener->channels) {
        const auto at = by_key_.find(key);
        if (at != by_key_.end()) {
            std::erase(at->second, listener.get());
            if (at->second.empty()) {
                by_key_.erase(at);
            }
        }
    }
    if (const auto own = of_client_.find(listener->client); own != of_client_.end() && --own->second == 0) {
        of_client_.erase(own);
    }
    count_.set(static_cast<double>(listeners_.size()));
}

void FeedHub::forget_closed() {
    const std::lock_guard lock(mutex_);
    std::vector<ListenerPtr> gone;
    for (const auto& [key, listener] : listeners_) {
        if (listener->over || listener->sink->closed()) {
            gone.push_back(listener);
        }
    }
    for (const auto& listener : gone) {
        forget(listener);
    }
}

void FeedHub::beat() {
    const std::lock_guard lock(mutex_);
    for (const auto& [key, listener] : listeners_) {
        if (!listener->over) {
            listener->sink->beat();
        }
    }
}

std::size_t FeedHub::listeners() const {
    const std::lock_guard lock(mutex_);
    return listeners_.size();
}

}  // namespace lamda::gateway
