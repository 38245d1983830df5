#pragma once

#include <functional>
#include <memory>
#include <string>

#include "bus/detail/connection.hpp"

namespace lamda::bus {

struct Subscription::Impl {
    Impl(std::shared_ptr<Connection> connection, const std::string& subject, const std::string& queue_group,
         std::function<void(const Message&)> callback);
    /// No callback runs after it (unless it is called by the callback itself).
    ~Impl();
    Impl(const Impl&) = delete;
    Impl& operator=(const Impl&) = delete;

  private:
    /// Owned by nats.c until the completion callback.
    struct Closure;
    std::shared_ptr<Connection> connection_;
    std::shared_ptr<Closure> closure_;
    natsSubscription* nats_ = nullptr;
};

}  // namespace lamda::bus
