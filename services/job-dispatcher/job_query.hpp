// jobs.query: the list of GET /api/jobs for those inside.
#pragma once

#include "store/database.hpp"
#include "telemetry/log.hpp"

namespace lamda::dispatch {

/// Thread-safe.
class JobQuery {
  public:
    JobQuery(store::Database& database, telemetry::Log log);
    /// In: `{"status","provider_address","renter_address","id","limit"}`, all optional.
    /// Out: `{"jobs":[…],"count":n}`, newest first, or a problem document. Never throws.
    std::string answer(const std::string& body);

  private:
    store::Database& database_;
    telemetry::Log log_;
};

}  // namespace lamda::dispatch
