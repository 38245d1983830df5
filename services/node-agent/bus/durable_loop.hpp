// Retry loop shared by the consumers of the agent's two durables: logs a failure once and retries.
#pragma once

#include <functional>
#include <stop_token>

#include "telemetry/health.hpp"
#include "telemetry/log.hpp"

namespace lamda::agent {

/// Runs `consume` until stopped. After a failure of the bus or the disk, `check` is not ready and `consume`
/// is retried after one second.
/// @param message log message of a failure
void run_durable(const std::stop_token& stop, telemetry::Health& health, const std::string& check,
                 const telemetry::Log& log, std::string_view message, const std::function<void()>& consume);

}  // namespace lamda::agent
