// Routes of the REST interface. They read the views of schema api, and write only by api.put_spec and by
// commands to the dispatcher (jobs.command). Requests for credentials go to the registry (nodes.credentials).
#pragma once

#include <memory>

#include "bus/bus.hpp"
#include "core/memory_budget.hpp"
#include "http/server.hpp"
#include "services/api-gateway/access/caller.hpp"
#include "services/api-gateway/access/rate_limits.hpp"
#include "services/api-gateway/config.hpp"
#include "services/api-gateway/feed/web_socket_session.hpp"
#include "services/api-gateway/files/downloads.hpp"
#include "services/api-gateway/files/uploads.hpp"
#include "services/api-gateway/offer/input_lookup.hpp"
#include "services/api-gateway/routes/log_followers.hpp"
#include "services/api-gateway/session/contract_wallets.hpp"
#include "store/database.hpp"
#include "telemetry/health.hpp"
#include "telemetry/log.hpp"

namespace lamda::gateway {

struct Parts {
    const Config& config;
    store::Database& database;
    bus::Bus& bus;
    telemetry::Health& health;
    MemoryBudget& memory;  ///< shared by all answers
    LogFollowers& followers;
    InputLookup& inputs;
    RateLimits& rates;
    TokenGuard& tokens;  ///< counts the wrong tokens of all routes of the operator
    ContractWallets& contract_wallets;
    ClientShares& sign_ins;
    FeedHub& feed;
    WebSocketSessions& sessions;
    Downloads& downloads;
    Uploads& uploads;
    telemetry::Log log = telemetry::Log::none();
};

/// Adds all routes. `parts` must outlive the server.
void add_routes(http::Server& server, const Parts& parts);

// One function for each file.
void add_node_routes(http::Server& server, const Parts& parts);
void add_node_history(http::Server& server, const Parts& parts);
void add_statistics(http::Server& server, const Parts& parts);
void add_job_routes(http::Server& server, const Parts& parts);
void add_job_history(http::Server& server, const Parts& parts);
void add_job_resources(http::Server& server, const Parts& parts);
void add_job_submission(http::Server& server, const Parts& parts);
void add_job_check(http::Server& server, const Parts& parts);
void add_job_updates(http::Server& server, const Parts& parts);
void add_job_cancellation(http::Server& server, const Parts& parts);
void add_event_stream(http::Server& server, const Parts& parts);
void add_web_socket(http::Server& server, const Parts& parts);
void add_file_download(http::Server& server, const Parts& parts);
void add_file_upload(http::Server& server, const Parts& parts);
void add_agent_credentials(http::Server& server, const Parts& parts);
void add_sign_in(http::Server& server, const Parts& parts);
void add_sessions(http::Server& server, const Parts& parts);
void add_introspection(http::Server& server, const Parts& parts);
void add_keys(http::Server& server, const Parts& parts);

using CallerHandler = std::function<http::Response(const http::Request&, const Caller&)>;
/// Adds a route that is in access_table.cpp, which says who may use it. Its requests count towards the
/// client's rate limit. Unavailable parts lead to 503 instead of 500: the client may retry.
void add_route(http::Server& server, const Parts& parts, const std::string& method,
               const std::string& pattern, CallerHandler handler, http::IsLarge is_large = nullptr);
/// The same for a handler that reads the body while it arrives. @param max_body bytes
void add_stream_route(http::Server& server, const Parts& parts, const std::string& method,
                      const std::string& pattern, CallerHandler handler, std::uint64_t max_body);
/// The same for a handler that treats all callers alike.
void add_route(http::Server& server, const Parts& parts, const std::string& method,
               const std::string& pattern, http::Handler handler, http::IsLarge is_large = nullptr);
/// Parses the address of the path, whose checksum (EIP-55) must match. @throws problem::Problem 400 at
/// `{address}`
Address address_param(const http::Request& request);
/// Parses a parameter of the path. @throws problem::Problem 400 at `{name}`
template <class T>
T path_param(const http::Request& request, const std::string& name) {
    auto parsed = T::parse(request.params.at(name));
    if (!parsed) {
        throw problem::invalid(parsed.error(), "{" + name + "}");
    }
    return *parsed;
}
problem::Problem not_found(const std::string& what);
http::Response json_response(std::string body, int status = 200);
/// Returns the job's current state as JSON. @throws problem::Problem 404 for a job that is in no block yet
std::string read_job(const Parts& parts, const JobId& id);

}  // namespace lamda::gateway
