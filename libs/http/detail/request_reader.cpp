#include "http/detail/request_reader.hpp"

#include <algorithm>
#include <utility>

namespace lamda::http {

namespace {

/// False if no request can begin with these bytes: then the end of the line is not awaited.
bool begins_a_line_of_text(std::string_view waiting) {
    const std::string_view line = waiting.substr(0, waiting.find("\r\n"));
    return std::all_of(line.begin(), line.end(), [&line](const char& c) {
        const auto byte = static_cast<unsigned char>(c);
        return (byte >= 0x20 && byte != 0x7F) || (c == '\r' && &c == &line.back());
    });
}

}  // namespace

void RequestReader::refuse(int status, std::string code, std::string detail) {
    refusal_ = {status, std::move(code), std::move(detail), requester_};
    state_ = State::kRefused;
}

std::size_t RequestReader::look(std::string_view waiting) {
    std::size_t used = 0;
    if (state_ == State::kIdle) {
        // RFC 9112, section 2.2: empty lines before a request are ignored.
        used = std::min(waiting.find_first_not_of("\r\n"), waiting.size());
        if (used == waiting.size()) {
            return used;
        }
        state_ = State::kHead;
        requester_ = {};
    }
    if (state_ == State::kHead) {
        used += look_at_head(waiting.substr(used));
    }
    if (state_ == State::kBody) {
        used += look_at_body(waiting.substr(used));
    }
    return used;
}

std::size_t RequestReader::look_at_head(std::string_view waiting) {
    const std::size_t end = waiting.find("\r\n\r\n");
    const std::size_t size = end == std::string_view::npos ? waiting.size() : end + 4;
    if (!begins_a_line_of_text(waiting)) {
        refuse(400, "malformed_request", "this is not an HTTP/1.1 request");
        return 0;
    }
    requester_ = read_requester(waiting.substr(0, end == std::string_view::npos ? waiting.size() : end + 2));
    if (size > kMostHead || (end == std::string_view::npos && size == kMostHead)) {
        refuse(431, "header_too_large", "the request line and headers exceed 16 KiB");
        return 0;
    }
    if (end == std::string_view::npos) {
        return 0;
    }
    auto head = read_head(waiting.substr(0, end + 2));
    if (auto* refusal = std::get_if<Refusal>(&head)) {
        refusal_ = std::move(*refusal);
        refusal_.requester = requester_;
        state_ = State::kRefused;
        return 0;
    }
    request_ = {std::get<RequestHead>(std::move(head)), ""};
    if (is_streamed_(request_.head)) {
        request_.streamed = true;
        state_ = State::kComplete;
        return size;
    }
    chunks_ = request_.head.chunked ? std::make_unique<ChunkDecoder>(max_body_) : nullptr;
    state_ = State::kBody;
    if (request_.head.content_length > max_body_) {
        refuse(413, "body_too_large", "the body exceeds " + std::to_string(max_body_) + " bytes");
    }
    return size;
}

std::size_t RequestReader::look_at_body(std::string_view waiting) {
    if (chunks_ == nullptr) {
        const auto part =
            waiting.substr(0, static_cast<std::size_t>(request_.head.content_length) - request_.body.size());
        request_.body.append(part);
        if (request_.body.size() == request_.head.content_length) {
            state_ = State::kComplete;
        }
        return part.size();
    }
    const std::size_t used = chunks_->feed(waiting, request_.body);
    if (chunks_->state() == ChunkDecoder::State::kDone) {
        state_ = State::kComplete;
    } else if (chunks_->state() == ChunkDecoder::State::kTooLarge) {
        refuse(413, "body_too_large", "the body exceeds " + std::to_string(max_body_) + " bytes");
    } else if (chunks_->state() == ChunkDecoder::State::kMalformed) {
        refuse(400, "malformed_request", "the chunks of the body are malformed");
    }
    return used;
}

bool RequestReader::take_expectation() {
    return state_ == State::kBody && std::exchange(request_.head.expects_continue, false);
}

RawRequest RequestReader::take() {
    state_ = State::kIdle;
    chunks_.reset();
    return std::exchange(request_, {});
}

}  // namespace lamda::http
