// Sends providers' accounts to the account resolver of the NATS server.
#pragma once

#include <atomic>

#include "bus/bus.hpp"
#include "natsauth/issuer_keys.hpp"
#include "services/node-registry/credentials/access_store.hpp"

namespace lamda::registry {

class AccountPublisher {
  public:
    /// @param system connected as user `issuer` of the system account; takes its only on_change()
    AccountPublisher(const natsauth::IssuerKeys& keys, bus::Bus& system, const Clock& clock);
    ~AccountPublisher();
    AccountPublisher(const AccountPublisher&) = delete;
    AccountPublisher& operator=(const AccountPublisher&) = delete;

    /// Digest of what all accounts have in common: imports, limits, signing keys. Another one: every account
    /// has to be sent again.
    const Bytes32& form() const { return form_; }
    bool connected() const { return system_.connected(); }
    /// Number of connects so far: at each the server may have lost accounts, or got an earlier state.
    std::uint64_t connects() const { return connects_; }
    /// Sends the account and waits for the server's confirmation; the server closes connections whose
    /// credentials the account revokes. Idempotent. @throws bus::Unavailable, at once without a connection;
    /// std::runtime_error if the server refuses
    void push(const Address& provider, const BusAccess& access);

  private:
    const natsauth::IssuerKeys& keys_;
    bus::Bus& system_;
    const Clock& clock_;
    Bytes32 form_;
    std::atomic<std::uint64_t> connects_ = 0;
};

/// Revocations of the account: while the access is revoked, of all credentials; afterwards of those that were
/// issued until the last revocation. Pure.
std::map<std::string, std::int64_t> revocations_of(const BusAccess& access);

}  // namespace lamda::registry
