// BodyStream: the body of a request, read by its handler as it arrives.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

namespace lamda::http {

/// Limits of the requests whose body is streamed.
struct StreamLimits {
    std::size_t most = 8;            ///< requests at a time; beyond: 503 `too_many_uploads`, the body unread
    std::size_t most_of_client = 2;  ///< of one client address; proxies are not limited
    /// Time that the server waits for the client without any byte. Each byte gives 1/`least_rate` seconds
    /// back, up to this.
    std::chrono::milliseconds most_wait{10'000};
    std::uint64_t least_rate = 16U << 10;  ///< bytes per second
};

/// Used by one thread.
class BodyStream {
  public:
    BodyStream() = default;
    virtual ~BodyStream() = default;
    BodyStream(const BodyStream&) = delete;
    BodyStream& operator=(const BodyStream&) = delete;

    /// Bytes of the body that the head announces; absent: it comes in chunks.
    virtual std::optional<std::uint64_t> announced() const = 0;
    /// Waits for the next bytes and returns them, at most 64 KiB, valid until the next call; none at the end
    /// of the body. The first call sends `100 Continue` to a client that waits for it.
    /// @throws problem::Problem for the answer, after which the connection is closed: 408 `request_timeout`
    /// for a client below `least_rate`, 413 `body_too_large`, 400 `malformed_request` for its chunks and for
    /// a body that is cut, 503 `stopping`
    virtual std::string_view read() = 0;
};

}  // namespace lamda::http
