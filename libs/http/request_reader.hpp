// One request out of a byte stream, pushed in as it arrives. Boost.Beast's parser stays behind this header.
#pragma once

#include <map>
#include <memory>
#include <string>

namespace lamda::http {

struct RawRequest {
    std::string method;
    std::string target;
    std::map<std::string, std::string> headers;  ///< names in lowercase; repeated ones joined by ", "
    std::string body;                            ///< chunks joined
    bool keep_alive = true;
};

/// Why no request can be made of the bytes; the stream cannot be read on after it.
struct Refusal {
    int status = 400;
    std::string code;
    std::string detail;
};

/// Limits: 16 KiB of head, `max_body` bytes of body, whether announced by Content-Length or sent in chunks.
/// Request framing that two readers could understand in two ways is refused (RFC 9112, section 6.3 and 11.2).
class RequestReader {
  public:
    explicit RequestReader(std::size_t max_body);
    ~RequestReader();

    enum class State { kIdle, kHead, kBody, kComplete, kRefused };
    /// Takes what belongs to the present request off the front of `input`.
    State feed(std::string& input);
    State state() const { return state_; }
    /// True once when the client waits for `100 Continue` before it sends the body.
    bool take_expectation();
    /// Only when complete; the next feed() starts another request.
    RawRequest take();
    const Refusal& refusal() const { return refusal_; }

  private:
    struct Parser;
    void refuse(int status, std::string code, std::string detail);
    void head_done();
    std::size_t max_body_;
    std::unique_ptr<Parser> parser_;
    State state_ = State::kIdle;
    bool head_checked_ = false;
    bool expects_continue_ = false;
    Refusal refusal_;
};

}  // namespace lamda::http
