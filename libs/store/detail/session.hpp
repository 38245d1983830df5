// PqxxSession: one session of libpqxx (differences of versions 6 and 7), and its libpq object. Private to
// store.
#pragma once

#include <pqxx/pqxx>
#include <string>

namespace lamda::store {

#if PQXX_VERSION_MAJOR >= 7
using PqxxConnection = pqxx::connection;
#else
using PqxxConnection = pqxx::connection_base;

/// Exposes the connection object.
class PqxxPolicy final : public pqxx::connect_lazy {
  public:
    using pqxx::connect_lazy::connect_lazy;
    handle do_completeconnect(handle) override;
    pg_conn* libpq() const { return libpq_; }

  private:
    pg_conn* libpq_ = nullptr;
};
#endif

/// Connects in the constructor; never reconnects.
class PqxxSession final : public PqxxConnection {
  public:
    /// @throws Unavailable, without the DSN in its text
    explicit PqxxSession(const std::string& settings);
#if PQXX_VERSION_MAJOR >= 7
    pg_conn* libpq() const { return libpq_; }

  private:
    explicit PqxxSession(pg_conn* connected);
    pg_conn* libpq_;
#else
    ~PqxxSession() noexcept;
    pg_conn* libpq() const { return policy_.libpq(); }

  private:
    PqxxPolicy policy_;
#endif
};

}  // namespace lamda::store
