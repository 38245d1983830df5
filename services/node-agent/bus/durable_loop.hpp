// What the loops on the agent's two durables have in common: trouble is told once, and tried again.
#pragma once

#include <functional>
#include <stop_token>

#include "telemetry/health.hpp"
#include "telemetry/log.hpp"

namespace lamda::agent {

/// Runs `consume` until stopped, again a second after the bus or the disk has failed it; meanwhile `check` is
/// not ready.
/// @param complaint for the log, once per trouble
void run_durable(const std::stop_token& stop, telemetry::Health& health, const std::string& check,
                 const telemetry::Log& log, std::string_view complaint, const std::function<void()>& consume);

}  // namespace lamda::agent
