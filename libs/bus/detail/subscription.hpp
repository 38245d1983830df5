// Implementation of Subscription: a nats.c subscription and its callback.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "bus/detail/connection.hpp"

namespace lamda::bus {

struct Subscription::Impl {
    Impl(std::shared_ptr<Connection> connection, const std::string& subject, const std::string& queue_group,
         std::function<void(const Message&)> callback);
    /// Waits for a running callback, unless called by the callback itself; none runs afterwards.
    ~Impl();
    Impl(const Impl&) = delete;
    Impl& operator=(const Impl&) = delete;

  private:
    /// Owned by nats.c until the completion callback.
    struct Closure;
    /// Subscribes on the present connection, instead of an earlier one. @throws Unavailable, Refused
    void attach();
    std::shared_ptr<Connection> connection_;
    std::shared_ptr<Closure> closure_;
    std::string subject_;
    std::string queue_group_;
    natsSubscription* nats_ = nullptr;
};

}  // namespace lamda::bus
