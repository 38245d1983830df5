// DatabaseClock: time by the database's clock, one for all instances and processes of a deployment.
#pragma once

#include <mutex>
#include <stop_token>

#include "store/database.hpp"

namespace lamda::store {

/// now() is the database's time, independent of this machine's clock and its steps. Between two
/// synchronizations it follows the steady clock. Thread-safe.
class DatabaseClock final : public Clock {
  public:
    explicit DatabaseClock(Database& database) : database_(database) {}
    /// @throws Unavailable
    void synchronize();
    /// Synchronizes every ten seconds until stopped. While the database is unavailable the time continues.
    void run(const std::stop_token& stop);
    /// Before the first synchronize(): the machine's time.
    Timestamp now() const override;
    Steady steady() const override;
    bool sleep(const std::stop_token& stop, Millis time) const override;

  private:
    Database& database_;
    mutable std::mutex mutex_;
    std::optional<std::pair<Timestamp, Steady>> measured_;
};

}  // namespace lamda::store
