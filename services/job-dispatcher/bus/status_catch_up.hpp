// Makes a new database read the statuses that are older than itself before any job is evaluated.
#pragma once

#include <atomic>
#include <string>

#include "bus/bus.hpp"
#include "store/database.hpp"

namespace lamda::dispatch {

/// State of the catch-up, stored in the database. Thread-safe.
class StatusCatchUp {
  public:
    explicit StatusCatchUp(store::Database& database);
    /// Called at every start, after the streams exist. On a new database records the last sequence of STATUS
    /// and a durable name of its own (the durable of a dropped database has acknowledged what this one must
    /// read). An interrupted catch-up starts again with a new durable: the old one would redeliver its
    /// unacknowledged messages too late.
    void begin(bus::Bus& bus);
    const std::string& durable() const { return durable_; }
    /// True if the status is older than the database.
    bool is_older(std::uint64_t sequence) const { return sequence <= until_; }
    /// True if all older statuses are read: evaluation may start.
    bool done() const { return done_; }
    void finish();

  private:
    store::Database& database_;
    std::string durable_;
    std::uint64_t until_ = 0;
    std::atomic<bool> done_{false};
};

}  // namespace lamda::dispatch
