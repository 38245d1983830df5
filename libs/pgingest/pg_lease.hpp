// Which instance of a service reads the chains: the one that holds the lock of the service's name.
#pragma once

#include <chrono>
#include <mutex>
#include <optional>
#include <string>

#include "ingest/lease.hpp"
#include "store/session_lock.hpp"
#include "telemetry/log.hpp"
#include "telemetry/metrics.hpp"

namespace lamda::pgingest {

/// One for all streams of a service, so that they are read by the same instance. Writes down in chain.lease
/// who has it, for people. Thread-safe.
class PgLease final : public ingest::Lease {
  public:
    /// @param owner what the service's streams are called before the colon: `dispatcher`
    PgLease(store::Database& database, std::string owner, telemetry::Log log, telemetry::Metrics& metrics);
    bool held() override;
    void yield() override;
    bool yielded() override;
    /// For the end of a process: the other instance need not wait until everything else has ended.
    void release();

  private:
    std::optional<store::SessionLock::Session> ask();
    void note(const store::SessionLock::Session& session);

    store::Database& database_;
    std::string owner_;
    std::string instance_;
    telemetry::Log log_;
    telemetry::Gauge held_;
    store::SessionLock lock_;
    std::mutex mutex_;
    std::optional<store::SessionLock::Session> noted_;
    std::chrono::steady_clock::time_point not_before_{};  ///< given up: not asked for again until then
};

}  // namespace lamda::pgingest
