// Interface for HTTP requests: HttpClient (libcurl) in production, a simulated network in tests.
#pragma once

#include <cstdint>
#include <exception>
#include <memory>
#include <optional>

#include "net/http_message.hpp"

namespace lamda::net {

/// Several concurrent exchanges of one caller; not thread-safe. They continue while the caller does something
/// else. Destruction cancels those in flight.
class Exchanges {
  public:
    using Id = std::uint64_t;
    struct Ended {
        Id id = 0;
        std::optional<HttpResponse> response;  ///< any HTTP status
        std::exception_ptr error;              ///< a TransportError if there is no response
    };

    virtual ~Exchanges() = default;
    /// Never blocks. A request that cannot be started ends with its error like any other.
    /// @throws std::logic_error for requests that stream (`on_data`, `body_file`) or hold a stop token
    virtual Id start(HttpRequest request) = 0;
    /// The next exchange that ends, in order of ending; absent if none ended before `deadline` (a time of the
    /// transport's clock), or none is in flight.
    virtual std::optional<Ended> next(Steady deadline) = 0;
    /// Cancels an exchange: next() will not return it.
    virtual void cancel(Id id) = 0;
};

class Transport {
  public:
    virtual ~Transport() = default;
    /// Runs one exchange to its end. Thread-safe. @throws TransportError. Any HTTP status is an answer, not
    /// an error.
    virtual HttpResponse send(const HttpRequest& request) = 0;
    /// The result must not outlive this object.
    virtual std::unique_ptr<Exchanges> exchanges() = 0;
};

}  // namespace lamda::net
