// WebSocket: frames of the server's side of a WebSocket (RFC 6455), without I/O. wslay is not visible here.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace lamda::http {

/// A frame with a whole text message. @param text UTF-8
std::string text_frame(std::string_view text);
/// An empty Ping (section 5.5.2).
std::string ping_frame();
/// A Close (section 5.5.1). @param code as in section 7.4.1  @param reason UTF-8, at most 123 bytes
std::string close_frame(int code, std::string_view reason);

/// Reads what a client sends. Not thread-safe.
class WebSocketReader {
  public:
    /// @param most bytes of a message; a longer one ends the connection (1009)
    explicit WebSocketReader(std::size_t most);
    ~WebSocketReader();
    WebSocketReader(const WebSocketReader&) = delete;
    WebSocketReader& operator=(const WebSocketReader&) = delete;

    struct Received {
        std::vector<std::string> messages;  ///< whole text messages
        std::string answer;                 ///< frames to send: Pong and Close
        bool over = false;  ///< the client, or its fault, has ended the connection: nothing follows `answer`
    };
    /// Takes the next bytes, in any pieces. A frame against the protocol, text that is not UTF-8, and a
    /// binary message end the connection with the code of section 7.4.1.
    Received receive(std::string_view bytes);

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace lamda::http
