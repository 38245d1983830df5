// SessionLock: a named lock that one session of the server holds. It ends with that session.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "store/database.hpp"

namespace lamda::store {

/// A session advisory lock on a dedicated connection. PostgreSQL releases it when that connection ends:
/// immediately when the process dies or the server restarts, within about 3 s when this host vanishes.
/// Thread-safe.
///
/// The lock selects the process that should work. It does not protect writes: a session can be lost between
/// two calls of held().
class SessionLock {
  public:
    /// Does not connect: the first held() does.
    SessionLock(const Database& database, std::string name);
    ~SessionLock();
    SessionLock(const SessionLock&) = delete;
    SessionLock& operator=(const SessionLock&) = delete;

    /// Takes the lock if it is free. While held, verifies the session on the server at most once a second; a
    /// lost session is a lost lock: false.
    /// @throws Unavailable, StatementError while the lock is not held
    bool held();
    /// Releases the lock and closes its connection. Others can take the lock once this returns, unless the
    /// server does not answer.
    void release();

    /// Identifies the lock in pg_locks.
    struct Session {
        std::int64_t key;
        int backend_pid;
        bool operator==(const Session&) const = default;
    };
    /// Session of the lock at the last held(); absent: not held.
    std::optional<Session> session() const;

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace lamda::store
