// Streams and durables: they must stand before the first message that needs them, also after the bus lost its
// store.
#pragma once

#include <atomic>
#include <mutex>
#include <set>
#include <vector>

#include "bus/bus.hpp"
#include "store/database.hpp"

namespace lamda::dispatch {

/// Thread-safe.
class BusSetup {
  public:
    /// @param status_bytes what STATUS may hold
    BusSetup(bus::Bus& bus, std::int64_t status_bytes);
    /// JOBS, RETRACT, STATUS, LOGS, EVENTS; nothing when they were made on this connection. @throws
    /// bus::Unavailable, bus::Refused
    void ensure_streams();
    /// Both durables of a provider. @throws as ensure_streams
    void ensure_provider(const Address& provider);
    /// Those of the providers whose durables were not made on this connection.
    std::vector<Address> without_durables(const std::vector<Address>& providers);
    /// After a reconnect: the server may have lost what it held.
    void forget();
    /// The number of times forget() was called.
    std::uint64_t generation() const { return generation_; }

  private:
    bus::Bus& bus_;
    std::int64_t status_bytes_;
    std::mutex mutex_;
    bool streams_ = false;
    std::set<Address> providers_;
    std::atomic<std::uint64_t> generation_{0};
};

/// Providers of attempts that are out.
std::vector<Address> providers_at_work(store::Database& database);

}  // namespace lamda::dispatch
