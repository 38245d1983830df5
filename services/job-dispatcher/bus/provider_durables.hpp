// The durables of providers in JOBS and RETRACT: created when needed, again when deleted, and deleted when
// idle.
#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "bus/bus.hpp"
#include "core/ids.hpp"
#include "telemetry/log.hpp"
#include "telemetry/metrics.hpp"

namespace lamda::dispatch {

/// For one thread.
class ProviderDurables {
  public:
    /// Returns those of the providers that need no durables.
    using Idle = std::function<std::vector<Address>(const std::vector<Address>&)>;
    ProviderDurables(bus::Bus& bus, telemetry::Log log, telemetry::Metrics& metrics);
    /// True if the provider's durables are required, and none was refused.
    bool has(const Address& provider) const {
        return providers_.contains(provider) && !refused_providers_.contains(provider);
    }
    /// Adds providers whose durables must exist.
    void require(const std::vector<Address>& providers);
    /// Creates both durables of the provider, and requires them from now on.
    /// @throws bus::Unavailable, bus::Refused
    void create(const Address& provider);
    /// Creates the required durables that the server does not have. A durable that the server refuses is
    /// logged, counted and tried again at the next call: it delays its own provider only.
    /// @param expected they existed before, so that a missing one was deleted
    /// @param idle returns those of the given providers that need no durables: another instance deletes them
    /// @returns the names of refused durables; empty: none. @throws bus::Unavailable
    std::string create_missing(bool expected, const Idle& idle);
    /// True if a durable of this stream is ahead of it, as after a store that was restored in part: it would
    /// skip the stream's next messages. @throws bus::Unavailable, bus::Refused
    bool any_ahead(const std::string& stream);
    /// Creates durables that are ahead of their stream again: those of providers for all messages, a reader
    /// of STATUS or LOGS from the end of what it has acknowledged. @throws bus::Unavailable, bus::Refused
    void replace_ahead(const std::string& stream);
    /// Deletes durables without messages of the providers that `idle` returns, of those it is given.
    /// @throws bus::Unavailable, bus::Refused
    void delete_idle(const Idle& idle);

  private:
    void create(const std::string& stream, const Address& provider);
    std::vector<bus::DurableState> ahead(const std::string& stream, std::uint64_t& last);

    bus::Bus& bus_;
    telemetry::Log log_;
    telemetry::Metrics& metrics_;
    telemetry::Gauge refused_;
    std::set<Address> providers_;
    std::set<Address> current_;            ///< have the present limits
    std::set<Address> refused_providers_;  ///< with a durable that the server refused
    std::string refused_names_;            ///< of the last create_missing()
};

}  // namespace lamda::dispatch
