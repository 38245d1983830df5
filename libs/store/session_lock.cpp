#include "store/session_lock.hpp"

#include <mutex>

#include "store/detail/connection.hpp"

namespace lamda::store {

namespace {

constexpr Millis kVerifyEvery{1'000};
/// A lock on a dead connection must be freed soon, on both sides of the connection.
constexpr Millis kLossTimeout{3'000};

/// The server's side: ends the session of a client that has vanished. The session is idle while it holds the
/// lock, so it turns off the server's idle timeout (the setting exists from version 14 on).
constexpr auto kSessionSettings =
    "SET tcp_keepalives_idle TO 1; SET tcp_keepalives_interval TO 1; SET tcp_keepalives_count TO 3;"
    "SET tcp_user_timeout TO 3000;"
    "SELECT set_config(name, '0', false) FROM pg_catalog.pg_settings WHERE name = 'idle_session_timeout'";

constexpr auto kTake =
    "SELECT name.key AS key, pg_try_advisory_lock(name.key) AS taken, pg_backend_pid() AS pid FROM "
    "(SELECT ('x' || encode(substr(sha256(convert_to($1, 'UTF8')), 1, 8), 'hex'))::bit(64)::bigint AS key "
    "OFFSET 0) name";

}  // namespace

struct SessionLock::Impl {
    std::string dsn;
    std::string name;
    mutable std::mutex mutex;
    std::unique_ptr<Connection> connection;
    std::optional<Session> session;  ///< set while held
    SystemClock clock;
    Steady verified_at;

    void connect() {
        auto fresh = std::make_unique<Connection>(dsn, "lamda-lock", kLossTimeout);
        fresh->mapped([&] {
            pqxx::nontransaction txn(fresh->pqxx());
            txn.exec(kSessionSettings);
        });
        connection = std::move(fresh);
    }
    void take() {
        pqxx::nontransaction txn(connection->pqxx());
        const auto row = connection->exec(txn, kTake, {name})[0];
        if (row["taken"].as<bool>()) {
            session = Session{row["key"].as<std::int64_t>(), row["pid"].as<int>()};
            verified_at = clock.steady();
        }
    }
    void verify() {
        pqxx::nontransaction txn(connection->pqxx());
        connection->exec(txn, "SELECT 1", {});
        verified_at = clock.steady();
    }
    /// A server that is busy ends a closed session later: others would find the lock held.
    void unlock() {
        pqxx::nontransaction txn(connection->pqxx());
        connection->exec(txn, "SELECT pg_advisory_unlock_all()", {});
    }
    void drop() {
        session.reset();
        connection.reset();
    }
};

SessionLock::SessionLock(const Database& database, std::string name) : impl_(std::make_unique<Impl>()) {
    impl_->dsn = database.dsn();
    impl_->name = std::move(name);
}

SessionLock::~SessionLock() = default;

bool SessionLock::held() {
    const std::lock_guard lock(impl_->mutex);
    if (impl_->session) {
        if (impl_->clock.steady() - impl_->verified_at < kVerifyEvery) {
            return true;
        }
        try {
            impl_->connection->mapped([&] { impl_->verify(); });
        } catch (const std::runtime_error&) {
            impl_->drop();  // any cause: the next call starts again and reports its error
        }
        return impl_->session.has_value();
    }
    try {
        if (!impl_->connection) {
            impl_->connect();
        }
        impl_->connection->mapped([&] { impl_->take(); });
    } catch (const std::exception&) {
        impl_->drop();
        throw;
    }
    return impl_->session.has_value();
}

void SessionLock::release() {
    const std::lock_guard lock(impl_->mutex);
    if (impl_->session) {
        try {
            impl_->connection->mapped([&] { impl_->unlock(); });
        } catch (const std::runtime_error&) {  // the connection is lost, and the lock with it
        }
    }
    impl_->drop();
}

std::optional<SessionLock::Session> SessionLock::session() const {
    const std::lock_guard lock(impl_->mutex);
    return impl_->session;
}

}  // namespace lamda::store
