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
    /// The server has accepted the login.
    void accepted() { unanswered_ = 0; }
    /// True if the server took the login at least three times since accepted() without an answer that
    /// arrived. It refuses without reading what follows the login (nats-server reads 512 bytes at first, a
    /// JWT has more), and the kernel's reset can overtake its answer.
    bool unanswered() const { return unanswered_ >= kUnanswered; }

  private:
    /// The last one may be in progress, and one answer may be later than the connection's timeout.
    static constexpr int kUnanswered = 3;
    static natsStatus jwt(char** out, char** error, void* self);
    static natsStatus sign(char** error, unsigned char** out, int* length, const char* nonce, void* self);

    Login login_;
    std::atomic<bool> missing_ = false;
    std::atomic<int> unanswered_ = 0;
};

}  // namespace lamda::bus
