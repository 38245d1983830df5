// PgLease: selects the instance of a service that reads the chains, by a session lock on the service's name.
#pragma once

#include <mutex>
#include <optional>
#include <string>

#include "ingest/lease.hpp"
#include "store/session_lock.hpp"
#include "telemetry/context.hpp"

namespace lamda::pgingest {

/// One lease for all streams of a service, so that one instance reads them all. Records the holder in
/// chain.lease, for operators. Thread-safe.
class PgLease final : public ingest::Lease {
  public:
    /// @param owner the part of the service's stream names before the colon: `dispatcher`
    PgLease(store::Database& database, std::string owner, const telemetry::Context& context);
    bool held() override;
    void yield() override;
    bool yielded() override;
    /// Frees the lease when the process ends, so that another instance does not wait for the rest of the
    /// exit.
    void release();

  private:
    std::optional<store::SessionLock::Session> ask();
    void note(const store::SessionLock::Session& session);

    store::Database& database_;
    std::string owner_;
    std::string instance_;
    const Clock& clock_;
    telemetry::Log log_;
    telemetry::Gauge held_;
    store::SessionLock lock_;
    std::mutex mutex_;
    std::optional<store::SessionLock::Session> noted_;
    Steady not_before_{};  ///< after yield(): not requested before this time
};

}  // namespace lamda::pgingest
