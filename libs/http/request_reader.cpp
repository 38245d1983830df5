#include "http/request_reader.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/beast/core/string.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>

namespace lamda::http {

namespace beast = boost::beast;

struct RequestReader::Parser {
    beast::http::request_parser<beast::http::string_body> beast;
};

namespace {

constexpr std::uint32_t kMostHead = 16U * 1024;

std::string lower(beast::string_view text) {
    std::string out(text);
    for (char& c : out) {
        c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
    }
    return out;
}

}  // namespace

RequestReader::RequestReader(std::size_t max_body) : max_body_(max_body) {}
RequestReader::~RequestReader() = default;

void RequestReader::refuse(int status, std::string code, std::string detail) {
    refusal_ = {status, std::move(code), std::move(detail)};
    state_ = State::kRefused;
}

RequestReader::State RequestReader::feed(std::string& input) {
    if (state_ == State::kComplete || state_ == State::kRefused) {
        return state_;
    }
    if (parser_ == nullptr && !input.empty()) {
        // RFC 9112, section 2.2: empty lines before a request are ignored.
        input.erase(0, input.find_first_not_of("\r\n"));
    }
    if (input.empty()) {
        return state_;
    }
    if (parser_ == nullptr) {
        parser_ = std::make_unique<Parser>();
        parser_->beast.eager(true);
        parser_->beast.header_limit(kMostHead);
        parser_->beast.body_limit(max_body_);
        head_checked_ = false;
        state_ = State::kHead;
    }
    beast::error_code error;
    while (!input.empty() && !parser_->beast.is_done() && !error) {
        const std::size_t used = parser_->beast.put(boost::asio::buffer(input), error);
        input.erase(0, used);
        if (parser_->beast.is_header_done() && !head_checked_) {
            head_checked_ = true;
            head_done();
            if (state_ == State::kRefused) {
                return state_;
            }
        }
        if (used == 0) {
            break;
        }
    }
    using Code = beast::http::error;
    if (error == Code::header_limit) {
        refuse(431, "header_too_large", "the request line and headers exceed 16 KiB");
    } else if (error == Code::body_limit) {
        refuse(413, "body_too_large", "the body exceeds " + std::to_string(max_body_) + " bytes");
    } else if (error == Code::bad_version) {
        refuse(505, "unsupported_version", "this server speaks HTTP/1.1");
    } else if (error && error != Code::need_more) {
        refuse(400, "malformed_request", "this is not an HTTP/1.1 request");
    } else if (parser_->beast.is_done()) {
        state_ = State::kComplete;
    } else if (parser_->beast.is_header_done()) {
        state_ = State::kBody;
    }
    return state_;
}

void RequestReader::head_done() {
    const auto& head = parser_->beast.get();
    const auto has = [&](beast::http::field name) { return head.find(name) != head.end(); };
    const auto count = [&](beast::http::field name) {
        const auto range = head.equal_range(name);
        return std::distance(range.first, range.second);
    };
    using beast::http::field;
    if (head.version() >= 11 && count(field::host) != 1) {
        refuse(400, "malformed_request", "one Host header is required");
    } else if (has(field::transfer_encoding) &&
               (has(field::content_length) || lower(head[field::transfer_encoding]) != "chunked")) {
        refuse(has(field::content_length) ? 400 : 501, "unsupported_transfer_encoding",
               "the only transfer encoding is chunked, without Content-Length");
    } else if (has(field::content_encoding) && lower(head[field::content_encoding]) != "identity") {
        // Decoding would put the limit on the body out of force.
        refuse(415, "unsupported_content_encoding", "send the body without Content-Encoding");
    } else if (has(field::expect)) {
        expects_continue_ = lower(head[field::expect]) == "100-continue";
    }
}

bool RequestReader::take_expectation() {
    const bool expected = expects_continue_ && state_ == State::kBody;
    expects_continue_ = false;
    return expected;
}

RawRequest RequestReader::take() {
    auto message = parser_->beast.release();
    parser_.reset();
    state_ = State::kIdle;
    expects_continue_ = false;
    RawRequest out;
    out.method = std::string(message.method_string());
    out.target = std::string(message.target());
    out.keep_alive = message.keep_alive();
    for (const auto& header : message) {
        std::string value(header.value());
        const auto [at, fresh] = out.headers.try_emplace(lower(header.name_string()), value);
        if (!fresh) {
            at->second += ", " + value;
        }
    }
    out.body = std::move(message.body());
    return out;
}

}  // namespace lamda::http
