// jobs.command: what the gateway may ask of the dispatcher. The same request id gets the same answer.
#pragma once

#include "bus/bus.hpp"
#include "market.hpp"
#include "telemetry/log.hpp"

namespace lamda::dispatch {

/// Thread-safe.
class CommandDesk {
  public:
    CommandDesk(store::Database& database, Market& market, const Clock& clock, telemetry::Log log);
    /// A JSON object: `{"v":1,"requestId","jobId","status"}`, or a problem document. Never throws.
    std::string answer(const std::string& body);

  private:
    store::Database& database_;
    Market& market_;
    const Clock& clock_;
    telemetry::Log log_;
};

}  // namespace lamda::dispatch
