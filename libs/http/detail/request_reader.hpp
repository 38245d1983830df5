// RequestReader: parses one request from the bytes in a socket before they are taken from it.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "http/detail/chunked.hpp"
#include "http/detail/request_head.hpp"

namespace lamda::http {

/// A complete request: the chunks of the body are joined.
struct RawRequest {
    RequestHead head;
    std::string body;
    bool streamed = false;  ///< only the head was taken: the whole body is still in the socket
};

/// Limits: 16 KiB of head, `max_body` bytes of body, whether announced by Content-Length or sent in chunks.
class RequestReader {
  public:
    static constexpr std::size_t kMostHead = 16U * 1024;

    using IsStreamed = std::function<bool(const RequestHead& head)>;
    /// @param is_streamed true for a head whose body is not read here; must outlive the reader
    RequestReader(std::size_t max_body, const IsStreamed& is_streamed)
        : max_body_(max_body), is_streamed_(is_streamed) {}

    enum class State { kIdle, kHead, kBody, kComplete, kRefused };
    /// Parses the waiting bytes and returns how many of the first ones the current request has consumed. For
    /// an incomplete head none: pass the same bytes again with those that follow, in pieces of at least
    /// kMostHead.
    std::size_t look(std::string_view waiting);
    State state() const { return state_; }
    /// True once if the client waits for `100 Continue` before it sends the body.
    bool take_expectation();
    /// Requires complete(); the next look() starts another request.
    RawRequest take();
    /// Bytes of memory that the request uses so far.
    std::size_t held() const { return request_.body.capacity(); }
    const Refusal& refusal() const { return refusal_; }
    /// Sender of the current request, as far as its head has arrived.
    const Requester& requester() const { return requester_; }

  private:
    void refuse(int status, std::string code, std::string detail);
    std::size_t look_at_head(std::string_view waiting);
    std::size_t look_at_body(std::string_view waiting);

    std::size_t max_body_;
    const IsStreamed& is_streamed_;
    State state_ = State::kIdle;
    RawRequest request_;
    std::unique_ptr<ChunkDecoder> chunks_;
    Refusal refusal_;
    Requester requester_;
};

}  // namespace lamda::http
