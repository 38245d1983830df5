#include "http/web_socket.hpp"

#include <wslay/wslay.h>

#include <algorithm>
#include <new>

namespace lamda::http {

namespace {

constexpr unsigned char kFinal = 0x80;  ///< FIN: the frame is a whole message

/// A frame of the server is not masked (RFC 6455, section 5.2).
std::string frame(unsigned char opcode, std::string_view payload) {
    std::string out;
    out.reserve(payload.size() + 10);
    out += static_cast<char>(kFinal | opcode);
    const auto size = payload.size();
    const auto add_size = [&](int bytes) {
        for (int i = bytes - 1; i >= 0; --i) {
            out += static_cast<char>((size >> (8 * i)) & 0xFF);
        }
    };
    if (size < 126) {
        add_size(1);
    } else if (size <= 0xFFFF) {
        out += static_cast<char>(126);
        add_size(2);
    } else {
        out += static_cast<char>(127);
        add_size(8);
    }
    return out.append(payload);
}

}  // namespace

std::string text_frame(std::string_view text) {
    return frame(WSLAY_TEXT_FRAME, text);
}

std::string ping_frame() {
    return frame(WSLAY_PING, "");
}

std::string close_frame(int code, std::string_view reason) {
    std::string payload = {static_cast<char>((code >> 8) & 0xFF), static_cast<char>(code & 0xFF)};
    return frame(WSLAY_CONNECTION_CLOSE, payload.append(reason.substr(0, 123)));
}

struct WebSocketReader::Impl {
    wslay_event_context_ptr context = nullptr;
    std::string_view unread;
    Received received;
    bool binary = false;

    static ssize_t read(wslay_event_context_ptr context, std::uint8_t* to, std::size_t size, int /*flags*/,
                        void* data) {
        auto& self = *static_cast<Impl*>(data);
        if (self.unread.empty()) {
            wslay_event_set_error(context, WSLAY_ERR_WOULDBLOCK);
            return -1;
        }
        const std::size_t count = std::min(size, self.unread.size());
        std::copy_n(self.unread.data(), count, to);
        self.unread.remove_prefix(count);
        return static_cast<ssize_t>(count);
    }
    static ssize_t write(wslay_event_context_ptr /*context*/, const std::uint8_t* from, std::size_t size,
                         int /*flags*/, void* data) {
        static_cast<Impl*>(data)->received.answer.append(reinterpret_cast<const char*>(from), size);
        return static_cast<ssize_t>(size);
    }
    static void on_message(wslay_event_context_ptr context, const wslay_event_on_msg_recv_arg* message,
                           void* data) {
        auto& self = *static_cast<Impl*>(data);
        if (message->opcode == WSLAY_TEXT_FRAME) {
            self.received.messages.emplace_back(reinterpret_cast<const char*>(message->msg),
                                                message->msg_length);
        } else if (message->opcode == WSLAY_BINARY_FRAME && !self.binary) {
            self.binary = true;
            wslay_event_queue_close(context, WSLAY_CODE_UNSUPPORTED_DATA, nullptr, 0);
        }
    }
};

WebSocketReader::WebSocketReader(std::size_t most) : impl_(std::make_unique<Impl>()) {
    const wslay_event_callbacks callbacks = {&Impl::read, &Impl::write, nullptr,          nullptr,
                                             nullptr,     nullptr,      &Impl::on_message};
    if (wslay_event_context_server_init(&impl_->context, &callbacks, impl_.get()) != 0) {
        throw std::bad_alloc();
    }
    wslay_event_config_set_max_recv_msg_length(impl_->context, most);
}

WebSocketReader::~WebSocketReader() {
    wslay_event_context_free(impl_->context);
}

WebSocketReader::Received WebSocketReader::receive(std::string_view bytes) {
    auto& self = *impl_;
    self.unread = bytes;
    self.received = {};
    const bool failed = wslay_event_recv(self.context) != 0 || wslay_event_send(self.context) != 0;
    // wslay stops to read after a fault or a Close, and has queued the Close that answers it.
    self.received.over = failed || self.binary || wslay_event_get_read_enabled(self.context) == 0;
    if (self.received.over && self.received.answer.empty()) {
        self.received.answer = close_frame(WSLAY_CODE_PROTOCOL_ERROR, "");  // of some faults it queues none
    }
    return std::move(self.received);
}

}  // namespace lamda::http
