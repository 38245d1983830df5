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
    /// @returns the names of refused durables; empty: none. @throws bus::Unavailable
    std::string create_missing(bool expected);
    /// Deletes durables of this stream that are ahead of it, as after a store that was restored in part: they
    /// would skip its next messages. Creates those of providers again. @returns true if any was ahead.
    /// @throws bus::Unavailable, bus::Refused
    bool replace_ahead(const std::string& stream);
    /// Deletes durables without messages of the providers that `idle` returns, of those it is given.
    /// @throws bus::Unavailable, bus::Refused
    void delete_idle(const std::function<std::vector<Address>(const std::vector<Address>&)>& idle);

  private:
    void create(const std::string& stream, const Address& provider);

    bus::Bus& bus_;
    telemetry::Log log_;
    telemetry::Metrics& metrics_;
    telemetry::Gauge refused_;
    std::set<Address> providers_;
    std::set<Address> refused_providers_;  ///< with a durable that the server refused
    std::string refused_names_;            ///< of the last create_missing()
};

}  // namespace lamda::dispatch
