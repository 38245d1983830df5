// A lock that lives as long as a session of the server: of all that ask for a name, one has it, and one that
// is dead has it no longer.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "store/database.hpp"

namespace lamda::store {

/// A session advisory lock on a dedicated connection. PostgreSQL lets it go when that connection ends: at
/// once when the process dies or the server restarts, within about 3 s when this host vanishes. Thread-safe.
///
/// It says who should work, not who may write: a session can be lost between two looks at it.
class SessionLock {
  public:
    /// Does not connect: the first held() does.
    SessionLock(const Database& database, std::string name);
    ~SessionLock();
    SessionLock(const SessionLock&) = delete;
    SessionLock& operator=(const SessionLock&) = delete;

    /// Takes the lock where nobody has it. While it is held, the server is asked at most once a second
    /// whether the session still stands; a session that was lost is a lock that was lost: false.
    /// @throws Unavailable, StatementError while there is no lock
    bool held();
    /// Lets it go, with its connection.
    void release();

    /// Where pg_locks shows it.
    struct Session {
        std::int64_t key;
        int backend_pid;
        bool operator==(const Session&) const = default;
    };
    /// Of the lock as held() saw it last; absent: not held.
    std::optional<Session> session() const;

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace lamda::store
