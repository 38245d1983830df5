// Implements Listener (store/database.hpp).
#include <thread>

#include "core/deadline.hpp"
#include "store/detail/connection.hpp"

namespace lamda::store {

struct Listener::Impl {
    std::string dsn;
    std::vector<std::string> channels;
    std::unique_ptr<Connection> connection;

    /// @throws Unavailable, StatementError
    void connect() {
        auto fresh = std::make_unique<Connection>(dsn, "lamda-listener");
        fresh->mapped([&] {
            for (const auto& channel : channels) {
                fresh->listen(channel);
            }
        });
        connection = std::move(fresh);
    }
};

Listener::Listener(const Database& database, std::vector<std::string> channels)
    : impl_(std::make_unique<Impl>()) {
    impl_->dsn = database.dsn();
    impl_->channels = std::move(channels);
    try {
        impl_->connect();
    } catch (const Unavailable&) {  // wait() retries
    }
}

Listener::~Listener() = default;

bool Listener::wait(Millis timeout) {
    if (!impl_->connection) {
        const SystemClock clock;
        const Deadline deadline(clock, timeout);
        try {
            impl_->connect();
            return true;  // a notification may have been missed
        } catch (const Unavailable&) {
            std::this_thread::sleep_for(deadline.left());
            return false;
        }
    }
    try {
        return impl_->connection->mapped([&] { return impl_->connection->await_notification(timeout); });
    } catch (const Unavailable&) {
        impl_->connection.reset();
        return true;
    }
}

}  // namespace lamda::store
