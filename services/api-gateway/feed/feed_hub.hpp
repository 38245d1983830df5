// FeedHub: the newest events in memory, and the listeners that get them.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "http/client_address.hpp"
#include "services/api-gateway/feed/channel.hpp"
#include "services/api-gateway/feed/feed_event.hpp"
#include "telemetry/metrics.hpp"

namespace lamda::gateway {

/// Where a listener's messages go. Called with the hub's lock held, from any thread: must not block, nor call
/// the hub.
class FeedSink {
  public:
    virtual ~FeedSink() = default;
    /// False: too many bytes wait for the client, and the message was not taken.
    virtual bool send(const FeedMessage& message) = 0;
    /// Sends a message whatever waits: the bounded beginning of a channel.
    virtual void begin(const FeedMessage& message) = 0;
    /// Shows the client that the connection is open.
    virtual void beat() = 0;
    /// Sends the reason whatever waits, and ends the connection after it.
    virtual void drop(DropReason reason) = 0;
    /// True once the client has gone.
    virtual bool closed() const = 0;
};

/// Thread-safe. Every listener gets each event of its channels once, in the order of the log, without a gap
/// from the place where it was added; or it is dropped. What a client has not read waits in the ring, which
/// all share: a client that reads slower than events arrive is dropped when the ring has moved past its next
/// event.
class FeedHub {
  public:
    struct Limits {
        std::size_t ring_bytes = 32U << 20;  ///< of the events that are kept for clients that continue
        std::size_t listeners = 12'000;
        std::size_t of_client = 500;  ///< listeners of one client address, except of `proxies`
        http::AddressRanges proxies = http::AddressRanges::loopback();
        std::size_t channels = 16;  ///< of one listener
    };
    FeedHub(Limits limits, telemetry::Metrics& metrics);

    /// A connection with its channels. Only the hub looks into it.
    class Listener;
    using ListenerPtr = std::shared_ptr<Listener>;

    /// The newest event that the hub has; nullopt: the log has not been read yet.
    std::optional<FeedPlace> newest() const;
    /// The reason why a client cannot continue after `place`; nullopt: it can.
    std::optional<ResetReason> gap_after(const FeedPlace& place) const;

    /// @param client address of the client  @throws problem::Problem 503 `too_many_listeners`
    ListenerPtr add(std::unique_ptr<FeedSink> sink, const std::string& client);
    /// Sends `first`, then the events of the channels after `place`, then each new one. A channel that the
    /// listener has already is left as it is. False, and nothing was changed: the events after `place` are
    /// not kept any more.
    /// @param place may be one that the hub has not read yet: the events up to it are left out
    bool attach(const ListenerPtr& listener, const std::vector<Channel>& channels, const FeedPlace& place,
                const std::vector<FeedMessage>& first);
    /// False: the listener does not have the channel.
    bool detach(const ListenerPtr& listener, const Channel& channel);
    /// Number of channels of the listener.
    std::size_t channels_of(const ListenerPtr& listener) const;
    /// Those of the channels that the listener does not have.
    std::vector<Channel> missing(const ListenerPtr& listener, const std::vector<Channel>& channels) const;
    /// True if events wait in the ring until the client has read more.
    bool lags(const ListenerPtr& listener) const;
    void remove(const ListenerPtr& listener);

    /// Begins with a log: the next event is the one after `place`. Drops all listeners. @param reason that
    /// they get
    void restart(const FeedPlace& place, DropReason reason);
    /// Adds the next events of the log, whose numbers follow newest(), and sends them.
    void publish(std::vector<FeedEvent> events);
    /// Continues listeners that lag, as far as their clients have room. True: some still lag.
    bool catch_up();
    /// Forgets listeners whose clients have gone.
    void forget_closed();
    /// Shows all clients that their connections are open.
    void beat();
    std::size_t listeners() const;
    const Limits& limits() const { return limits_; }

  private:
    void send_from_ring(Listener& listener);
    void lag_before(Listener& listener, const FeedEvent& event);
    void drop(Listener& listener, DropReason reason);
    void forget(const ListenerPtr& listener);
    void deliver(const FeedEvent& event);
    bool has_events_after(std::uint64_t seq) const;

    const Limits limits_;
    telemetry::Gauge count_;
    telemetry::Counter sent_;
    telemetry::Counter slow_;
    mutable std::mutex mutex_;
    std::optional<FeedPlace> newest_;
    std::deque<FeedEvent> ring_;  ///< up to newest_
    std::size_t ring_bytes_ = 0;
    std::unordered_map<Listener*, ListenerPtr> listeners_;
    std::map<std::string, std::size_t> of_client_;
    std::unordered_map<std::string, std::vector<Listener*>> by_key_;
    std::unordered_set<Listener*> lagging_;
};

}  // namespace lamda::gateway
