// Login by user JWT and NKey: callbacks for nats.c. Internal to bus.
#pragma once

#include <nats/nats.h>

#include <atomic>

#include "bus/bus.hpp"

namespace lamda::bus {

/// Must outlive the connection that it is set for.
class LoginCallbacks {
  public:
    explicit LoginCallbacks(Login login) : login_(std::move(login)) {}
    natsStatus set(natsOptions* options);
    const std::string& name() const { return login_.name; }
    /// Empty: the login names none.
    std::string servers() const { return login_.servers ? login_.servers() : ""; }
    /// True if there was no login at the last connect.
    bool missing() const { return missing_; }
    /// Asks for the login now; false: there is none.
    bool available();

  private:
    static natsStatus jwt(char** out, char** error, void* self);
    static natsStatus sign(char** error, unsigned char** out, int* length, const char* nonce, void* self);

    Login login_;
    std::atomic<bool> missing_ = false;
};

}  // namespace lamda::bus
