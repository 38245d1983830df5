#include "bus/detail/subscription.hpp"

#include <thread>
#include <utility>

namespace lamda::bus {

struct Subscription::Impl::Closure {
    std::shared_ptr<Connection> connection;
    std::function<void(const Message&)> callback;
    std::mutex mutex;
    std::condition_variable changed;
    int active = 0;  ///< subscriptions of nats.c that have not completed
    std::thread::id thread;

    static void on_message(natsConnection*, natsSubscription*, natsMsg* raw, void* self) {
        const OwnedMessage message(raw);
        auto& closure = **static_cast<std::shared_ptr<Closure>*>(self);
        {
            std::lock_guard lock(closure.mutex);
            closure.thread = std::this_thread::get_id();
        }
        try {
            closure.callback(to_message(raw));
        } catch (const std::exception& error) {
            closure.connection->log().error("subscription callback failed",
                                            {{"subject", natsMsg_GetSubject(raw)}, {"error", error.what()}});
        }
    }
    static void on_complete(void* self) {
        const std::unique_ptr<std::shared_ptr<Closure>> held(static_cast<std::shared_ptr<Closure>*>(self));
        auto& closure = **held;
        // The connection must not be destroyed on one of its own threads: the waiter releases it.
        std::lock_guard lock(closure.mutex);
        --closure.active;
        closure.changed.notify_all();
    }
};

Subscription::Impl::Impl(std::shared_ptr<Connection> connection, const std::string& subject,
                         const std::string& queue_group, std::function<void(const Message&)> callback)
    : connection_(std::move(connection)),
      closure_(std::make_shared<Closure>()),
      subject_(subject),
      queue_group_(queue_group) {
    closure_->connection = connection_;
    closure_->callback = std::move(callback);
    connection_->attach(this, [this] { attach(); });
}

void Subscription::Impl::attach() {
    natsSubscription_Unsubscribe(nats_);
    natsSubscription_Destroy(std::exchange(nats_, nullptr));
    const auto nats = connection_->nats();
    if (nats == nullptr) {
        return;  // made in the first epoch
    }
    auto held = std::make_unique<std::shared_ptr<Closure>>(closure_);
    const auto status =
        queue_group_.empty()
            ? natsConnection_Subscribe(&nats_, nats.get(), subject_.c_str(), &Closure::on_message, held.get())
            : natsConnection_QueueSubscribe(&nats_, nats.get(), subject_.c_str(), queue_group_.c_str(),
                                            &Closure::on_message, held.get());
    if (status == NATS_CONNECTION_CLOSED) {
        return;  // made again in the next epoch
    }
    if (status != NATS_OK) {
        fail("subscribe to " + subject_, status);
    }
    {
        const std::lock_guard lock(closure_->mutex);
        ++closure_->active;
    }
    natsSubscription_SetPendingLimits(nats_, -1, -1);
    if (natsSubscription_SetOnCompleteCB(nats_, &Closure::on_complete, held.get()) == NATS_OK) {
        (void)held.release();
    } else {
        const std::lock_guard lock(closure_->mutex);
        --closure_->active;
    }
}

Subscription::Impl::~Impl() {
    connection_->detach(this);
    natsSubscription_Unsubscribe(nats_);
    {
        std::unique_lock lock(closure_->mutex);
        if (closure_->thread != std::this_thread::get_id()) {
            closure_->changed.wait(lock, [this] { return closure_->active == 0; });
            closure_->connection.reset();
        }
    }
    natsSubscription_Destroy(nats_);
}

Subscription::Subscription(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Subscription::~Subscription() = default;
Subscription::Subscription(Subscription&&) noexcept = default;

}  // namespace lamda::bus
