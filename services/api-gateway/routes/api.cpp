#include "services/api-gateway/routes/api.hpp"

#include <nlohmann/json.hpp>

#include "crypto/address_text.hpp"
#include "services/api-gateway/access/operator_access.hpp"
#include "services/api-gateway/access/secret_token.hpp"
#include "services/api-gateway/idempotency/idempotency_key.hpp"
#include "services/api-gateway/reference/reference.hpp"

namespace lamda::gateway {

problem::Problem not_found(const std::string& what) {
    return {404, "not_found", "", "unknown " + what, {}};
}

namespace {

/// Reads of a page of the default size, or of one object, are cheap. A file is not: stores are asked for it.
CostOf cost_of(const std::string& method, const std::string& pattern, const http::IsLarge& is_large) {
    const bool reads = (method == "GET" && pattern != "/api/files/{cid}") || pattern.ends_with("/query") ||
                       pattern.ends_with("/introspect");
    return [reads, is_large](const http::Request& request) {
        return reads && !(is_large && is_large(request)) ? Cost::kCheap : Cost::kExpensive;
    };
}

/// The caller that the request counts for: the owner of an API key also on a route that does not ask for it.
/// A database that cannot be written does not refuse such a request.
Caller counted_caller(const Parts& parts, const http::Request& request, const Caller& admitted) {
    Caller out = admitted;
    const bool unknown = !admitted.session && !admitted.key && !admitted.is_operator &&
                         !parts.rates.keys().find(digest_of_token(bearer_token(request)));
    if (unknown && !parts.config.trusted_proxies.contain(request.client)) {
        try {
            out.key = find_key(parts.database, request);
        } catch (const std::runtime_error& failure) {
            parts.log.warn("an API key was not looked up; its request counts for its address",
                           {{"request_id", request.request_id}, {"error", failure.what()}});
        }
    }
    return out;
}

}  // namespace

Address address_param(const http::Request& request) {
    auto parsed = crypto::parse_address(request.params.at("address"));
    if (!parsed) {
        throw problem::invalid(parsed.error(), "{address}");
    }
    return *parsed;
}

http::Response json_response(std::string body, int status) {
    return {status, "application/json", std::move(body), {}};
}

void add_route(http::Server& server, const Parts& parts, const std::string& method,
               const std::string& pattern, http::Handler handler, http::IsLarge is_large) {
    add_route(
        server, parts, method, pattern,
        [answer = std::move(handler)](const http::Request& request, const Caller&) {
            return answer(request);
        },
        std::move(is_large));
}

namespace {

/// The handler behind the checks of every route: health, caller, rate.
http::Handler guarded(const Parts& parts, const std::string& method, const std::string& pattern,
                      CallerHandler handler, const http::IsLarge& is_large) {
    const auto& rule = access_rule(method, pattern);
    const auto cost = cost_of(method, pattern, is_large);
    http::Handler checked = [&parts, &rule, cost, answer = std::move(handler)](const http::Request& request) {
        const auto unavailable = [](const char* code, const char* detail) {
            return problem::Problem{503, code, "", detail, {}};
        };
        try {
            // The settings may be of another deployment: requests are refused until they are compared with
            // the database.
            const auto checks = parts.health.checks();
            const auto compared = checks.find("configuration");
            if (compared != checks.end() && !compared->second.ok) {
                const auto database = checks.find("postgres");
                throw database != checks.end() && !database->second.ok
                    ? unavailable("database_unavailable", "the database cannot be reached; try again")
                    : unavailable("starting", "the settings are being compared with the database; try again");
            }
            (void)idempotency_key(request);  // refuses an unusable one on every route
            Caller caller;
            auto refusal = admit({parts.config, parts.database, parts.tokens}, rule, request, caller);
            return limited_caller(parts.rates, parts.config.trusted_proxies, cost(request), request,
                                  counted_caller(parts, request, caller), [&](const http::Request& counted) {
                                      return refusal ? *std::move(refusal) : answer(counted, caller);
                                  });
        } catch (const store::Exhausted& exhausted) {
            parts.log.warn("database exhausted",
                           {{"request_id", request.request_id}, {"error", exhausted.what()}});
            throw unavailable("database_exhausted",
                              "the database is out of space or time for this request; try again");
        } catch (const store::Unavailable&) {
            throw unavailable("database_unavailable", "the database cannot be reached; try again");
        } catch (const store::InDoubt&) {
            throw unavailable("database_unavailable", "the connection to the database was lost; try again");
        } catch (const store::StatementError&) {
            const auto checks = parts.health.checks();
            const auto schema = checks.find("schema");
            if (schema != checks.end() && !schema->second.ok) {
                throw unavailable("starting", "the database's schema does not exist yet; try again");
            }
            throw;
        } catch (const bus::Unavailable&) {
            throw unavailable("dispatcher_unavailable", "the job dispatcher did not answer; try again");
        }
    };
    return rate_limited(parts.rates, parts.config.trusted_proxies, cost, std::move(checked));
}

}  // namespace

void add_route(http::Server& server, const Parts& parts, const std::string& method,
               const std::string& pattern, CallerHandler handler, http::IsLarge is_large) {
    auto limited = guarded(parts, method, pattern, std::move(handler), is_large);
    server.route(method, pattern, std::move(limited), std::move(is_large));
}

void add_stream_route(http::Server& server, const Parts& parts, const std::string& method,
                      const std::string& pattern, CallerHandler handler, std::uint64_t max_body) {
    server.route_stream(method, pattern, guarded(parts, method, pattern, std::move(handler), nullptr),
                        max_body);
}

void add_routes(http::Server& server, const Parts& parts) {
    server.alias("/api/v1", "/api");
    add_node_routes(server, parts);
    add_node_history(server, parts);
    add_statistics(server, parts);
    add_job_routes(server, parts);
    add_job_history(server, parts);
    add_job_resources(server, parts);
    add_job_submission(server, parts);
    add_job_check(server, parts);
    add_job_updates(server, parts);
    add_job_cancellation(server, parts);
    add_event_stream(server, parts);
    add_web_socket(server, parts);
    add_file_download(server, parts);
    add_file_upload(server, parts);
    add_agent_credentials(server, parts);
    add_sign_in(server, parts);
    add_sessions(server, parts);
    add_introspection(server, parts);
    add_keys(server, parts);
    add_reference(server);
    server.route("GET", "/health", [&parts](const http::Request&) {
        const auto checks = parts.health.checks();
        const auto ok = [&](const std::string& name) {
            const auto at = checks.find(name);
            return at != checks.end() && at->second.ok;
        };
        // Reads need only the database; the state of the bus is informative.
        const bool healthy = ok("postgres") && ok("schema");
        const nlohmann::ordered_json body = {
            {"status", healthy ? "ok" : "down"},
            {"version", LAMDA_VERSION},
            {"checks", {{"database", healthy ? "ok" : "down"}, {"nats", ok("nats") ? "ok" : "down"}}}};
        auto out = json_response(body.dump(), healthy ? 200 : 503);
        out.headers.emplace_back("Cache-Control", "no-store");
        return out;
    });
}

}  // namespace lamda::gateway
