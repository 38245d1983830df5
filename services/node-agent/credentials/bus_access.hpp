// The agent's credentials of the bus: the present ones, on the disk for the next start, and as a login.
#pragma once

#include <mutex>
#include <optional>
#include <string>

#include "bus/bus.hpp"
#include "natsauth/nkey.hpp"
#include "wire/documents/agent_credentials.hpp"

namespace lamda::agent {

/// Thread-safe.
class BusAccess {
  public:
    /// Reads the stored credentials of this key, if there are any. @throws DiskError
    BusAccess(const Address& provider, natsauth::Nkey key, std::string path);

    const std::string& nkey() const { return key_.public_key(); }
    bool present() const;
    /// In memory; returns true if the servers differ from those before.
    bool replace(const wire::IssuedCredentials& issued);
    /// Writes credentials for the next start. @throws DiskError
    void store(const wire::IssuedCredentials& issued) const;
    /// Gives no login until the next replace(): the bus and the gateway both refuse this provider.
    void withhold();
    /// This object must outlive the bus. @param servers instead of those of the credentials; empty: those
    bus::Login login(std::string servers);

  private:
    std::string jwt() const;
    std::string servers() const;

    const std::string name_;
    const natsauth::Nkey key_;
    const std::string path_;
    mutable std::mutex mutex_;
    std::optional<wire::IssuedCredentials> issued_;
    bool withheld_ = false;
};

}  // namespace lamda::agent
