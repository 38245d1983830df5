// An HTTP/1.1 server with limits: routes, CORS, problem documents, request ids. cpp-httplib is not visible
// here.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/clock.hpp"
#include "core/memory_budget.hpp"
#include "http/address_ranges.hpp"
#include "http/body_stream.hpp"
#include "http/message.hpp"
#include "telemetry/log.hpp"
#include "telemetry/metrics.hpp"

namespace lamda::http {

using Handler = std::function<Response(const Request&)>;
/// True for a request whose answer is slow or large: few of them are served at a time, so that small ones do
/// not wait behind them. Must not throw.
using IsLarge = std::function<bool(const Request&)>;

struct ServerConfig {
    std::string bind_address = "127.0.0.1";
    int port = 0;             ///< 0: any free port
    std::size_t workers = 8;  ///< at first; grows to `most_workers` while all are busy
    std::size_t most_workers = 64;
    std::size_t most_large = 2;           ///< large requests served at a time, at most `most_workers`
    std::size_t most_connections = 1000;  ///< at the limit a waiting connection is closed for a new one
    std::size_t most_of_address = 250;    ///< connections of one client address; proxies are not limited
    std::size_t most_held = 24U << 20;    ///< bytes of requests that arrive or wait, and of unsent answers
    std::size_t max_body = 1U << 20;      ///< bytes; more: 413
    StreamLimits streams;                 ///< of routes that stream their bodies
    int read_timeout_ms = 5'000;
    int write_timeout_ms = 10'000;  ///< until the client has taken an answer; of a Feed, until it takes more
    int keep_alive_ms = 5'000;
    MemoryBudget* memory = nullptr;  ///< counts answers until they are sent; must outlive the server
    /// Peers whose X-Forwarded-For and X-Forwarded-Proto are believed.
    AddressRanges trusted_proxies = AddressRanges::loopback();
    std::vector<std::string> cors_origins;  ///< `*` or exact origins; empty: no CORS headers
    bool validators = false;                ///< ETag, 304 and Cache-Control (detail/representation.hpp)
    bool compression = false;               ///< gzip for clients that accept it; counted in `memory`
};

class Server {
  public:
    Server(ServerConfig config, const Clock& clock, telemetry::Log log, telemetry::Metrics& metrics);
    ~Server();
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;

    /// Adds a route; `pattern` as in OpenAPI: `/api/jobs/{id}`. A known path with another method is 405 with
    /// Allow. The server answers OPTIONS, also the CORS preflight of an unknown path, so that the page can
    /// read the 404. Before start() only.
    void route(const std::string& method, const std::string& pattern, Handler handler,
               IsLarge is_large = nullptr);
    /// Adds a route whose handler reads the body itself while it arrives (Request::stream), in any content
    /// type and without a copy in memory. A handler that returns before the body's end closes the connection.
    /// @param max_body bytes; more: 413, at once if the head announces them, else from BodyStream::read()
    void route_stream(const std::string& method, const std::string& pattern, Handler handler,
                      std::uint64_t max_body);
    /// Serves the paths below `prefix` as those below `served`. Before start() only.
    void alias(const std::string& prefix, const std::string& served);
    /// Binds and serves on threads of its own; returns the port. @throws std::runtime_error if the port is in
    /// use
    int start();
    /// Answers requests in progress, then returns (within 2 s).
    void stop();
    /// Method and pattern of each route, as added: for tests against openapi.yaml.
    std::vector<std::pair<std::string, std::string>> routes() const;

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace lamda::http
