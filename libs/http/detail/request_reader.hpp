// One request out of the bytes that wait in a socket, judged before they are taken from it.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "http/detail/chunked.hpp"
#include "http/detail/request_head.hpp"

namespace lamda::http {

/// Whole: the chunks of the body are joined.
struct RawRequest {
    RequestHead head;
    std::string body;
};

/// Limits: 16 KiB of head, `max_body` bytes of body, whether announced by Content-Length or sent in chunks.
class RequestReader {
  public:
    static constexpr std::size_t kMostHead = 16U * 1024;

    explicit RequestReader(std::size_t max_body) : max_body_(max_body) {}

    enum class State { kIdle, kHead, kBody, kComplete, kRefused };
    /// Reads what waits and returns how many of its first bytes the present request is done with. Of a head
    /// that is incomplete, none: the same bytes are to be shown again with those that follow, in kMostHead or
    /// more at a time.
    std::size_t look(std::string_view waiting);
    State state() const { return state_; }
    /// True once when the client waits for `100 Continue` before it sends the body.
    bool take_expectation();
    /// Only when complete; the next look() starts another request.
    RawRequest take();
    /// Bytes of memory that the request has taken so far.
    std::size_t held() const { return request_.body.capacity(); }
    const Refusal& refusal() const { return refusal_; }
    /// Whose request it is that is on its way, as far as its head has come.
    const Asker& asker() const { return asker_; }

  private:
    void refuse(int status, std::string code, std::string detail);
    std::size_t look_at_head(std::string_view waiting);
    std::size_t look_at_body(std::string_view waiting);

    std::size_t max_body_;
    State state_ = State::kIdle;
    RawRequest request_;
    std::unique_ptr<ChunkDecoder> chunks_;
    Refusal refusal_;
    Asker asker_;
};

}  // namespace lamda::http
