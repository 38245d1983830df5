// Which connections the server has, whose they are, what memory they hold, and which of them has to make way.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>

namespace lamda::http {

struct SlotLimits {
    std::size_t connections = 1000;
    std::size_t each_address = 250;  ///< connections of one address unit; loopback has no such limit
    std::size_t bytes = 24U << 20;  ///< of requests that arrive or wait, and of answers that are not sent yet
};

/// Pure bookkeeping; not thread-safe.
class ConnectionSlots {
  public:
    using Id = std::uint64_t;

    explicit ConnectionSlots(SlotLimits limits) : limits_(limits) {}

    /// @param address its unit; empty: of no address that is limited alone
    void add(Id id, const std::string& address);
    void remove(Id id);
    /// The server waits for the client: for (more of) a request, or for room to send in. Such a connection
    /// can be taken away; the one that has waited longest is the first.
    void wait(Id id);
    /// A handler works for it: it keeps its place.
    void serve(Id id);
    /// The bytes that it holds now.
    void hold(Id id, std::size_t bytes);

    std::size_t size() const { return entries_.size(); }
    std::size_t held() const { return held_; }
    bool holds_too_much() const { return held_ > limits_.bytes; }
    /// True when one more of this address would exceed a limit.
    bool full_for(const std::string& address) const;
    /// The connection that makes way for one more of this address: one of the address itself when that has
    /// its share, else one of the address that has most. Nothing when none of them can be taken away.
    std::optional<Id> to_make_way(const std::string& address) const;
    /// The connection to end when too much is held: of the address that holds most, the one that has waited
    /// longest with something.
    std::optional<Id> to_give_back() const;

  private:
    struct Entry {
        std::string address;
        std::uint64_t waits_since = 0;  ///< 0: it is served
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
