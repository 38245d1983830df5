// ConnectionSlots: the server's connections by address, the memory they hold, and the one to evict.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>

namespace lamda::http {

struct SlotLimits {
    std::size_t connections = 1000;
    std::size_t each_address = 250;  ///< connections of one address unit; proxies are not limited
    std::size_t bytes = 24U << 20;   ///< of requests that arrive or wait, and of unsent answers
};

/// Pure bookkeeping; not thread-safe.
class ConnectionSlots {
  public:
    using Id = std::uint64_t;

    explicit ConnectionSlots(SlotLimits limits) : limits_(limits) {}

    /// @param address its address unit; empty: not limited by address
    void add(Id id, const std::string& address);
    void remove(Id id);
    /// Marks that the server waits for the client: for (more of) a request, or for room to send. Such a
    /// connection can be evicted; the one that has waited longest is first.
    void wait(Id id);
    /// Marks that a handler serves the connection: it cannot be evicted.
    void serve(Id id);
    /// Sets the bytes that the connection holds now.
    void hold(Id id, std::size_t bytes);

    std::size_t size() const { return entries_.size(); }
    std::size_t held() const { return held_; }
    bool holds_too_much() const { return held_ > limits_.bytes; }
    /// True if one more connection of this address would exceed a limit.
    bool full_for(const std::string& address) const;
    /// The connection to evict for one more of this address: one of the same address if that has reached its
    /// limit, else one of the address with the most connections. Nothing if none can be evicted.
    std::optional<Id> to_evict(const std::string& address) const;
    /// The connection to evict if too many bytes are held: the longest waiting one with bytes, of the address
    /// that holds most.
    std::optional<Id> to_reclaim() const;

  private:
    struct Entry {
        std::string address;
        std::uint64_t waits_since = 0;  ///< 0: being served
        std::size_t bytes = 0;
    };
    struct Line {
        std::size_t connections = 0;
        std::map<std::uint64_t, Id> waiting;  ///< longest first
    };
    bool has_its_share(const std::string& address) const;

    const SlotLimits limits_;
    std::unordered_map<Id, Entry> entries_;
    std::map<std::string, Line> lines_;
    std::size_t held_ = 0;
    std::uint64_t next_turn_ = 1;
};

}  // namespace lamda::http
