#include "services/node-agent/credentials/credentials_loop.hpp"

#include "runtime/app.hpp"
#include "services/node-agent/state/durable_file.hpp"
#include "wire/messages.hpp"

namespace lamda::agent {

namespace {
constexpr auto kCheck = "credentials";
constexpr Millis kEvery{250};
}  // namespace

CredentialsLoop::CredentialsLoop(BusAccess& access, CredentialsClient& client, bus::Bus& bus,
                                 const BscIdentity& identity, const Address& job_manager,
                                 const telemetry::Context& context)
    : access_(access),
      client_(client),
      bus_(bus),
      identity_(identity),
      job_manager_(job_manager),
      clock_(context.clock),
      log_(context.log),
      health_(context.health),
      schedule_(clock_.steady()) {
    health_.set(kCheck, access_.present(), "no credentials of the bus yet");
}

void CredentialsLoop::run(const std::stop_token& stop) {
    do {
        step();
    } while (runtime::pause(stop, kEvery));
}

void CredentialsLoop::step() {
    const auto now = clock_.steady();
    if (bus_.connected()) {
        schedule_.connected(now);
    } else if (bus_.login_refused()) {
        schedule_.refused_by_bus(now);
    } else {
        schedule_.unconnected(now);
    }
    const auto chain = identity_.known();
    if (!chain || !schedule_.due(clock_.steady())) {
        return;
    }
    try {
        const auto issued = client_.obtain(access_.nkey(), wire::market_domain(*chain, job_manager_));
        // In use first: a full disk must not cost the agent its connection.
        if (access_.replace(issued)) {
            bus_.reconnect();
        }
        access_.store(issued);
        schedule_.received(clock_.steady(), issued.expires_at - issued.issued_at);
        health_.set(kCheck, true);
        log_.info("credentials of the bus received", {{"expires_at", to_rfc3339(issued.expires_at)}});
    } catch (const CredentialsRefused& refusal) {
        if (bus_.login_refused()) {
            access_.withhold();
        }
        failed(refusal);
    } catch (const CredentialsUnavailable& error) {
        failed(error);
    } catch (const crypto::Unavailable& error) {
        failed(error);
    } catch (const DiskError& error) {
        failed(error);
    }
}

void CredentialsLoop::failed(const std::exception& error) {
    schedule_.failed(clock_.steady());
    // While the bus accepts the present ones, the agent works.
    if (health_.set(kCheck, bus_.connected(), error.what())) {
        log_.warn("no new credentials of the bus", {{"reason", error.what()}});
    }
}

}  // namespace lamda::agent
