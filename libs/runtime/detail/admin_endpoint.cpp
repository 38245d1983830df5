#include "runtime/detail/admin_endpoint.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace lamda::runtime {

namespace {

/// Answer of /readyz: 200 if all checks are ok, otherwise 503; the checks with their details.
http::Response readiness(const telemetry::Health& health) {
    const auto checks = health.checks();
    const bool ready =
        std::all_of(checks.begin(), checks.end(), [](const auto& check) { return check.second.ok; });
    nlohmann::ordered_json body = {{"status", ready ? "ready" : "not ready"},
                                   {"checks", nlohmann::ordered_json::object()}};
    for (const auto& [name, check] : checks) {
        body["checks"][name] = {{"ok", check.ok}, {"detail", check.detail}};
    }
    return {ready ? 200 : 503,
            "application/json",
            body.dump(-1, ' ', true, nlohmann::ordered_json::error_handler_t::replace),
            {}};
}

}  // namespace

http::ServerConfig admin_config(const CommonConfig& config) {
    http::ServerConfig out;
    out.bind_address = config.bind_address;
    out.port = config.metrics_port;
    out.workers = 1;
    out.most_workers = 4;
    return out;
}

void add_admin_routes(http::Server& admin, telemetry::Metrics& metrics, const telemetry::Health& health) {
    admin.route("GET", "/metrics", [&metrics](const http::Request&) {
        return http::Response{200, "text/plain; version=0.0.4; charset=utf-8", metrics.serialize(), {}};
    });
    admin.route("GET", "/livez", [](const http::Request&) {
        return http::Response{200, "application/json", R"({"status":"ok"})", {}};
    });
    admin.route("GET", "/readyz", [&health](const http::Request&) { return readiness(health); });
}

}  // namespace lamda::runtime
