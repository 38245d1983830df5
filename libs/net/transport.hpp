// Where requests go: HttpClient (libcurl) in production, a simulated network in tests.
#pragma once

#include <cstdint>
#include <exception>
#include <memory>
#include <optional>

#include "net/http_message.hpp"

namespace lamda::net {

/// Several exchanges at once, for one caller: not thread-safe. What is under way goes on while the caller
/// does something else. Destroyed, it cancels what has not ended.
class Exchanges {
  public:
    using Id = std::uint64_t;
    struct Ended {
        Id id = 0;
        std::optional<HttpResponse> response;  ///< any HTTP status
        std::exception_ptr error;              ///< a TransportError, where there is no response
    };

    virtual ~Exchanges() = default;
    /// Never waits. A request that cannot even be begun ends with its error like any other. Requests that
    /// stream (`on_data`, `body_file`) or hold a stop token are not for here: std::logic_error.
    virtual Id start(HttpRequest request) = 0;
    /// The next exchange that ends, in the order of ending; absent when none did before `deadline` (a time of
    /// the transport's clock), or none is under way.
    virtual std::optional<Ended> next(Steady deadline) = 0;
    /// What was started and has not come out of next() will not come any more.
    virtual void cancel(Id id) = 0;
};

class Transport {
  public:
    virtual ~Transport() = default;
    /// One exchange, to its end. Thread-safe. @throws TransportError. Any HTTP status is an answer, not an
    /// error.
    virtual HttpResponse send(const HttpRequest& request) = 0;
    /// Must not outlive this.
    virtual std::unique_ptr<Exchanges> exchanges() = 0;
};

}  // namespace lamda::net
