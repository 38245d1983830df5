// Keeps the agent's credentials of the bus valid: requests them at the start, before they expire, and when
// the bus refuses them.
#pragma once

#include <stop_token>

#include "services/node-agent/credentials/bus_access.hpp"
#include "services/node-agent/credentials/credentials_client.hpp"
#include "services/node-agent/credentials/renewal.hpp"
#include "services/node-agent/onchain/bsc_identity.hpp"
#include "telemetry/context.hpp"

namespace lamda::agent {

class CredentialsLoop {
  public:
    CredentialsLoop(BusAccess& access, CredentialsClient& client, bus::Bus& bus, const BscIdentity& identity,
                    const Address& job_manager, const telemetry::Context& context);
    /// Until stopped: step() four times a second.
    void run(const std::stop_token& stop);
    /// Requests credentials if they are due, and sets the check `credentials`. A failure does not end the
    /// present ones.
    void step();

  private:
    void failed(const std::exception& error);

    BusAccess& access_;
    CredentialsClient& client_;
    bus::Bus& bus_;
    const BscIdentity& identity_;
    Address job_manager_;
    const Clock& clock_;
    telemetry::Log log_;
    telemetry::Health& health_;
    RenewalSchedule schedule_;
};

}  // namespace lamda::agent
