// Admin endpoint of a service: /metrics, /livez and /readyz.
#pragma once

#include "http/server.hpp"
#include "runtime/app.hpp"
#include "telemetry/health.hpp"
#include "telemetry/metrics.hpp"

namespace lamda::runtime {

http::ServerConfig admin_config(const CommonConfig& config);

/// The metrics and the health must outlive the server.
void add_admin_routes(http::Server& admin, telemetry::Metrics& metrics, const telemetry::Health& health);

}  // namespace lamda::runtime
