// A database that is new reads the statuses of its predecessor's time before it judges any job.
#pragma once

#include <atomic>
#include <string>

#include "bus/bus.hpp"
#include "store/database.hpp"

namespace lamda::dispatch {

/// What a database remembers of its first start. Thread-safe.
class StatusCatchUp {
  public:
    explicit StatusCatchUp(store::Database& database);
    /// At every start, once the streams stand: on a new database notes how far STATUS reached, and a durable
    /// name of this database's own (the one of a dropped database has acknowledged what this one must read).
    /// A recovery that was cut short begins again with a new durable: what the old one holds unacknowledged
    /// would come too late.
    void begin(bus::Bus& bus);
    const std::string& durable() const { return durable_; }
    /// Statuses up to here are older than the database.
    bool is_older(std::uint64_t sequence) const { return sequence <= until_; }
    /// All of them are read: judging may begin.
    bool done() const { return done_; }
    void finish();

  private:
    store::Database& database_;
    std::string durable_;
    std::uint64_t until_ = 0;
    std::atomic<bool> done_{false};
};

}  // namespace lamda::dispatch
