// A spec that nobody has given may lie on IPFS: its CID follows from the job's id.
#pragma once

#include <condition_variable>
#include <mutex>
#include <stop_token>

#include "ipfs/content_store.hpp"
#include "services/job-dispatcher/dispatch/spec_queue.hpp"
#include "store/database.hpp"
#include "telemetry/log.hpp"

namespace lamda::dispatch {

/// One thread watches what is awaited, others look for it.
class SpecFetchLoop {
  public:
    static constexpr int kLookups = 8;  ///< at the same time

    SpecFetchLoop(store::Database& database, ipfs::ContentStore& content, const Clock& clock,
                  telemetry::Log log);
    /// Keeps the queue of awaited specs up to date.
    void watch(const std::stop_token& stop);
    /// Looks for one spec after the other; for kLookups threads.
    void poll_once(const std::stop_token& stop);

  private:
    std::optional<JobId> wait_for_one(const std::stop_token& stop);
    void fetch(const JobId& id, const std::stop_token& stop);

    store::Database& database_;
    ipfs::ContentStore& content_;
    const Clock& clock_;
    telemetry::Log log_;
    std::mutex mutex_;
    std::condition_variable_any changed_;
    SpecQueue queue_;
};

}  // namespace lamda::dispatch
