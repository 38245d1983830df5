// A spec that nobody has given may lie on IPFS: its CID follows from the job's id.
#pragma once

#include <map>
#include <stop_token>

#include "core/clock.hpp"
#include "ipfs/content_store.hpp"
#include "store/database.hpp"
#include "telemetry/log.hpp"

namespace lamda::dispatch {

class SpecFetchLoop {
  public:
    SpecFetchLoop(store::Database& database, ipfs::ContentStore& content, const Clock& clock,
                  telemetry::Log log);
    /// Asks for each awaited spec at once, then after 1 s, 2 s, 4 s … 10 min.
    void run(const std::stop_token& stop);

  private:
    struct Wait {
        Steady next;
        Millis pause{1'000};
    };
    void fetch(const JobId& id, const std::stop_token& stop);

    store::Database& database_;
    ipfs::ContentStore& content_;
    const Clock& clock_;
    telemetry::Log log_;
    std::map<JobId, Wait> waits_;
};

}  // namespace lamda::dispatch
