// Handles commands of the gateway on jobs.command. Idempotent by request id: the same id gets the same
// answer.
#pragma once

#include <mutex>
#include <optional>
#include <string>

#include "problem/problem.hpp"
#include "runtime/secret.hpp"
#include "services/job-dispatcher/ingest/deployment.hpp"
#include "telemetry/log.hpp"
#include "telemetry/log_limit.hpp"
#include "telemetry/metrics.hpp"
#include "wire/messages.hpp"

namespace lamda::dispatch {

/// Thread-safe.
class CommandHandler {
  public:
    /// @param operator_token empty: every command of the operator is refused
    CommandHandler(store::Database& database, Deployment& deployment, runtime::Secret operator_token,
                   const Clock& clock, telemetry::Log log, telemetry::Metrics& metrics);
    /// Returns a JSON object `{"v":1,"requestId","jobId","status"}`, for a cancellation also `reason` and
    /// `escrow`, or a problem document. Never throws.
    std::string answer(const std::string& body);

  private:
    /// Returns a problem for a command of the operator without the operator's proof; nullopt: accepted.
    std::optional<problem::Problem> check_proof(const wire::Command& command);
    std::string take(const wire::Command& command);

    store::Database& database_;
    Deployment& deployment_;
    runtime::Secret operator_token_;
    const Clock& clock_;
    telemetry::Log log_;
    telemetry::Counter refused_;
    std::mutex mutex_;
    telemetry::LogLimit refusals_{Millis(60'000)};
};

}  // namespace lamda::dispatch
