#include "http/server.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <mutex>
#include <optional>
#include <set>

#include "core/ids.hpp"
#include "http/client_address.hpp"
#include "http/client_slots.hpp"
#include "http/detail/answer_headers.hpp"
#include "http/detail/engine.hpp"
#include "http/detail/field_list.hpp"
#include "http/detail/representation.hpp"
#include "http/detail/router.hpp"
#include "http/detail/target.hpp"
#include "http/feed.hpp"
#include "problem/status_phrase.hpp"

namespace lamda::http {

namespace {

const std::vector<double> kSeconds = {0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05,
                                      0.1,    0.25,  0.5,    1,     2.5,  5};

/// True if a handler's header cannot end its line.
bool is_clean(std::string_view text) {
    return std::none_of(text.begin(), text.end(), [](char c) { return c == '\r' || c == '\n' || c == '\0'; });
}

/// Handlers read only JSON. An absent type counts as JSON, another one is refused: that also blocks HTML
/// forms of other sites.
bool is_json(std::string_view content_type) {
    const std::string type = lowercase(trimmed(content_type.substr(0, content_type.find(';'))));
    return type == "application/json" || (type.starts_with("application/") && type.ends_with("+json"));
}

/// Empty: none.
std::string header_of(const Request& request, const char* name) {
    const auto at = request.headers.find(name);
    return at == request.headers.end() ? "" : at->second;
}

std::string joined(const std::vector<std::string>& names) {
    return fmt::format("{}", fmt::join(names, ", "));
}

}  // namespace

struct Server::Impl {
    Impl(ServerConfig settings, const Clock& time, telemetry::Log logger, telemetry::Metrics& registry)
        : config(std::move(settings)),
          cross_origin(config.cors_origins),
          clock(time),
          log(std::move(logger)),
          metrics(registry),
          uploads(config.streams.most, config.streams.most_of_client) {}

    ServerConfig config;
    const CrossOrigin cross_origin;
    const Clock& clock;
    telemetry::Log log;
    telemetry::Metrics& metrics;
    Router router;
    std::vector<Handler> handlers;
    std::vector<IsLarge> large;            ///< indexed by route
    std::map<int, std::uint64_t> streams;  ///< by route: bytes of a body
    std::set<std::string> streamed_methods;
    ClientSlots uploads;
    std::unique_ptr<Engine> engine;

    std::mutex counters_mutex;
    std::map<std::string, telemetry::Counter> counters;
    std::vector<telemetry::Histogram>
        durations;  ///< indexed by route; the last one for requests without a route

    struct Answer {
        Response response;
        int route = -1;
    };

    Engine::Following serve(const httplib::Request& raw, httplib::Response& answered, BodyReader* body);
    bool is_streamed(const RequestHead& head) const;
    bool is_large(const RawRequest& raw) const;
    std::string refuse(const Refusal& refusal, const std::string& remote);
    Answer answer(Request& request, const std::vector<std::string>& segments, BodyReader* body);
    Response handle(int route, const Request& request);
    Response handle_stream(int route, Request& request, BodyReader& body);
    /// Adds the headers of every answer, and encodes it as the client accepts it.
    void finish(Response& response, const Request& request) const;
    static void fill(httplib::Response& out, Response&& response, const std::string& request_id);
    void count(const std::string& method, int route, int status, double seconds);
};

Response Server::Impl::handle(int route, const Request& request) {
    try {
        return handlers[static_cast<std::size_t>(route)](request);
    } catch (const problem::Problem& problem) {
        return to_response(problem, request);
    } catch (const std::exception& error) {
        log.error(
            "request failed",
            {{"request_id", request.request_id}, {"route", router.pattern(route)}, {"error", error.what()}});
    } catch (...) {
        log.error("request failed", {{"request_id", request.request_id}, {"route", router.pattern(route)}});
    }
    // The reason is in the log under the request id only.
    return to_response({500, "internal", "", "the server failed to answer; quote the request_id", {}},
                       request);
}

Response Server::Impl::handle_stream(int route, Request& request, BodyReader& body) {
    const auto most = streams.at(route);
    if (body.announced() > most) {
        return to_response({413, "body_too_large", "", fmt::format("the body exceeds {} bytes", most), {}},
                           request);
    }
    const auto slot =
        uploads.take(config.trusted_proxies.contain(request.client) ? "" : address_unit(request.client));
    if (!slot) {
        return to_response(
            {503, "too_many_uploads", "", "too many uploads are in progress; try again later", {}}, request);
    }
    body.limit(most);
    request.stream = &body;
    auto out = handle(route, request);
    request.stream = nullptr;
    return out;
}

Server::Impl::Answer Server::Impl::answer(Request& request, const std::vector<std::string>& segments,
                                          BodyReader* body) {
    auto match = router.find(request.method, segments);
    Answer out;
    const bool preflight =
        request.method == "OPTIONS" && request.headers.contains("access-control-request-method");
    if (match.allowed.empty() && preflight) {
        // Only after a successful preflight can the page send the request and read the 404.
        match.allowed = router.methods();
    }
    if (match.allowed.empty()) {
        out.response = to_response({404, "unknown_path", "", "no such path", {}}, request);
    } else if (request.method == "OPTIONS" && match.route < 0) {
        out.response = {204, "", "", {{"Allow", joined(match.allowed)}}};
        cross_origin.add_preflight(out.response, header_of(request, "origin"), match.allowed);
        return out;
    } else if (match.route < 0) {
        out.response = to_response(
            {405, "method_not_allowed", "", "unknown method for this path; use one of the header Allow", {}},
            request);
        out.response.headers.emplace_back("Allow", joined(match.allowed));
    } else if (body != nullptr) {
        out.route = match.route;
        request.params = std::move(match.params);
        out.response = handle_stream(match.route, request, *body);
    } else if (const auto type = request.headers.find("content-type");
               !request.body.empty() && type != request.headers.end() && !is_json(type->second)) {
        out.route = match.route;
        out.response = to_response({415, "unsupported_media_type", "", "send application/json", {}}, request);
    } else {
        out.route = match.route;
        request.params = std::move(match.params);
        out.response = handle(match.route, request);
    }
    cross_origin.add(out.response, header_of(request, "origin"));
    return out;
}

void Server::Impl::finish(Response& response, const Request& request) const {
    response.headers.emplace_back("Date", http_date(clock.now()));
    add_protection(response, request.secure);
    represent(response, request, {config.validators, config.compression}, config.memory);
}

void Server::Impl::fill(httplib::Response& out, Response&& response, const std::string& request_id) {
    out.status = response.status;
    out.body = std::move(response.body);
    out.set_header("Content-Type",
                   is_clean(response.content_type) ? response.content_type : "application/octet-stream");
    out.set_header("X-Request-Id", request_id);
    for (const auto& [name, value] : response.headers) {
        if (is_clean(name) && is_clean(value)) {
            out.set_header(name, value);
        }
    }
}

void Server::Impl::count(const std::string& method, int route, int status, double seconds) {
    static const std::vector<std::string> known = {"GET",   "HEAD",   "POST",   "PUT",
                                                   "PATCH", "DELETE", "OPTIONS"};
    // Labels must have few values: a client's invented method must not add one.
    const std::string verb = std::find(known.begin(), known.end(), method) != known.end() ? method : "other";
    const std::string pattern = route < 0 ? "none" : router.pattern(route);
    {
        const std::lock_guard lock(counters_mutex);
        const std::string key = fmt::format("{} {} {}", verb, route, status);
        auto at = counters.find(key);
        if (at == counters.end()) {
            at = counters
                     .emplace(key,
                              metrics.counter(
                                  "lamda_http_requests_total", "Answered requests.",
                                  {{"method", verb}, {"route", pattern}, {"status", std::to_string(status)}}))
                     .first;
        }
        at->second.add();
    }
    durations[route < 0 ? router.size() : static_cast<std::size_t>(route)].observe(seconds);
}

Engine::Following Server::Impl::serve(const httplib::Request& raw, httplib::Response& answered,
                                      BodyReader* body) {
    const auto began = clock.steady();
    Request request;
    request.method = raw.method;
    for (const auto& [name, value] : raw.headers) {
        request.headers.emplace(name == kAcceptEncoding ? "accept-encoding"
                                : name == kRange        ? "range"
                                                        : name,
                                value);
    }
    request.body = raw.body;
    request.remote_addr = raw.remote_addr;
    request.client =
        client_address(raw.remote_addr, header_of(request, "x-forwarded-for"), config.trusted_proxies);
    request.secure =
        is_forwarded_tls(raw.remote_addr, header_of(request, "x-forwarded-proto"), config.trusted_proxies);
    request.request_id = random_id();
    Answer out;
    auto target = parse_target(raw.target);
    if (request.method == "OPTIONS" && raw.target == "*") {
        // RFC 9110, section 9.3.7: options of the server as a whole.
        request.path = raw.target;
        out.response = {204, "", "", {{"Allow", joined(router.methods())}}};
    } else if (target) {
        request.path = target->path;
        request.query = std::move(target->query);
        out = answer(request, target->segments, body);
    } else {
        request.path = raw.target.substr(0, raw.target.find('?'));
        out.response = to_response({400, target.error().code, "", target.error().message, {}}, request);
        cross_origin.add(out.response, header_of(request, "origin"));
    }
    finish(out.response, request);
    const std::chrono::duration<double> took = clock.steady() - began;
    count(request.method, out.route, out.response.status, took.count());
    // Logs the path without the query, which may contain tokens.
    log.debug("request", {{"method", request.method},
                          {"path", request.path},
                          {"status", out.response.status},
                          {"ms", took.count() * 1000},
                          {"client", request.client},
                          {"request_id", request.request_id}});
    Engine::Following following{std::move(out.response.feed), out.response.length};
    if (following.feed != nullptr && request.method == "HEAD") {
        following.feed->close();
        following.feed = nullptr;
    }
    fill(answered, std::move(out.response), request.request_id);
    return following;
}

bool Server::Impl::is_streamed(const RequestHead& head) const {
    if (!streamed_methods.contains(head.method)) {
        return false;
    }
    const auto target = parse_target(head.target);
    return target && streams.contains(router.find(head.method, target->segments).route);
}

bool Server::Impl::is_large(const RawRequest& raw) const {
    auto target = parse_target(raw.head.target);
    if (!target) {
        return false;
    }
    const int route = router.find(raw.head.method, target->segments).route;
    if (route < 0 || large[static_cast<std::size_t>(route)] == nullptr) {
        return false;
    }
    Request request;
    request.method = raw.head.method;
    request.path = target->path;
    request.query = std::move(target->query);
    request.body = raw.body;
    return large[static_cast<std::size_t>(route)](request);
}

std::string Server::Impl::refuse(const Refusal& refusal, const std::string& remote) {
    Request request;
    request.request_id = random_id();
    request.method = refusal.requester.method;
    request.path = refusal.requester.path;
    count(request.method, -1, refusal.status, 0);
    log.debug("request refused",
              {{"code", refusal.code}, {"remote", remote}, {"request_id", request.request_id}});
    Response response = to_response({refusal.status, refusal.code, "", refusal.detail, {}}, request);
    cross_origin.add(response, refusal.requester.origin);
    finish(response, request);
    std::string more;
    for (const auto& [name, value] : response.headers) {
        more += fmt::format("{}: {}\r\n", name, value);
    }
    return fmt::format(
        "HTTP/1.1 {} {}\r\nContent-Type: {}\r\nContent-Length: {}\r\nX-Request-Id: {}\r\n"
        "{}Connection: close\r\n\r\n{}",
        response.status, problem::status_phrase(response.status), response.content_type, response.body.size(),
        request.request_id, more, request.method == "HEAD" ? "" : response.body);
}

Server::Server(ServerConfig config, const Clock& clock, telemetry::Log log, telemetry::Metrics& metrics)
    : impl_(std::make_unique<Impl>(std::move(config), clock, std::move(log), metrics)) {}

Server::~Server() {
    stop();
}

void Server::alias(const std::string& prefix, const std::string& served) {
    impl_->router.alias(prefix, served);
}

void Server::route(const std::string& method, const std::string& pattern, Handler handler, IsLarge is_large) {
    impl_->router.add(method, pattern);
    impl_->large.push_back(std::move(is_large));
    impl_->handlers.push_back(std::move(handler));
}

void Server::route_stream(const std::string& method, const std::string& pattern, Handler handler,
                          std::uint64_t max_body) {
    impl_->streams.emplace(static_cast<int>(impl_->router.size()), max_body);
    impl_->streamed_methods.insert(method);
    route(method, pattern, std::move(handler));
}

int Server::start() {
    for (std::size_t i = 0; i <= impl_->router.size(); ++i) {
        const std::string pattern =
            i < impl_->router.size() ? impl_->router.pattern(static_cast<int>(i)) : "none";
        const std::string method =
            i < impl_->router.size() ? impl_->router.method(static_cast<int>(i)) : "any";
        impl_->durations.push_back(impl_->metrics.histogram(
            "lamda_http_request_duration_seconds", "Time from the request's last byte to its answer.",
            kSeconds, {{"method", method}, {"route", pattern}}));
    }
    EngineConfig config;
    config.bind_address = impl_->config.bind_address;
    config.port = impl_->config.port;
    config.workers = std::max<std::size_t>(1, impl_->config.workers);
    config.most_workers = std::max(config.workers, impl_->config.most_workers);
    config.most_large = std::clamp<std::size_t>(impl_->config.most_large, 1, config.most_workers);
    config.most_connections = impl_->config.most_connections;
    config.most_of_address = impl_->config.most_of_address;
    config.trusted_proxies = impl_->config.trusted_proxies;
    config.most_held = impl_->config.most_held;
    config.max_body = impl_->config.max_body;
    config.is_streamed = [this](const RequestHead& head) { return impl_->is_streamed(head); };
    config.streams = impl_->config.streams;
    config.memory = impl_->config.memory;
    config.head_timeout = std::chrono::milliseconds(impl_->config.read_timeout_ms);
    config.body_timeout = config.head_timeout * 6;
    config.write_timeout = std::chrono::milliseconds(impl_->config.write_timeout_ms);
    config.keep_alive = std::chrono::milliseconds(impl_->config.keep_alive_ms);
    impl_->engine = std::make_unique<Engine>(
        config, impl_->clock,
        [this](const httplib::Request& raw, httplib::Response& answered, BodyReader* body) {
            return impl_->serve(raw, answered, body);
        },
        [this](const RawRequest& raw) { return impl_->is_large(raw); },
        [this](const Refusal& refusal, const std::string& remote) { return impl_->refuse(refusal, remote); });
    return impl_->engine->start();
}

void Server::stop() {
    if (impl_->engine) {
        impl_->engine->stop();
    }
}

std::vector<std::pair<std::string, std::string>> Server::routes() const {
    std::vector<std::pair<std::string, std::string>> out;
    out.reserve(impl_->router.size());
    for (std::size_t i = 0; i < impl_->router.size(); ++i) {
        out.emplace_back(impl_->router.method(static_cast<int>(i)),
                         impl_->router.pattern(static_cast<int>(i)));
    }
    return out;
}

}  // namespace lamda::http
