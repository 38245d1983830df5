// Fetches missing job specs from IPFS: a spec's CID follows from the job's id.
#pragma once

#include <condition_variable>
#include <mutex>
#include <stop_token>

#include "ipfs/content_store.hpp"
#include "services/job-dispatcher/dispatch/spec_queue.hpp"
#include "store/database.hpp"
#include "telemetry/log.hpp"
#include "telemetry/log_limit.hpp"

namespace lamda::dispatch {

/// One thread updates the queue of awaited specs, the others fetch.
class SpecFetchLoop {
  public:
    static constexpr int kLookups = 8;  ///< concurrent lookups

    SpecFetchLoop(store::Database& database, ipfs::ContentStore& content, const Clock& clock,
                  telemetry::Log log);
    /// Keeps the queue of awaited specs up to date.
    void watch(const std::stop_token& stop);
    /// Fetches queued specs one after the other until stopped; runs on kLookups threads.
    void poll_once(const std::stop_token& stop);

  private:
    std::optional<JobId> wait_for_one(const std::stop_token& stop);
    void fetch(const JobId& id, const std::stop_token& stop);
    /// Logs that the job's block is no spec. Its renter may still attach a spec.
    void refuse(const JobId& id, const std::string& reason);

    store::Database& database_;
    ipfs::ContentStore& content_;
    const Clock& clock_;
    telemetry::Log log_;
    std::mutex mutex_;
    std::condition_variable_any changed_;
    SpecQueue queue_;
    telemetry::LogLimit refusals_{Millis(10'000)};
};

}  // namespace lamda::dispatch
