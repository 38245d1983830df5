#include "http/detail/body_reader.hpp"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <limits>
#include <utility>

#include "http/detail/socket_io.hpp"
#include "problem/problem.hpp"

namespace lamda::http {

namespace {

constexpr std::size_t kPiece = 64U << 10;
constexpr auto kNoLimit = std::numeric_limits<std::size_t>::max();

[[noreturn]] void refuse(const char* detail) {
    throw problem::Problem{400, "malformed_request", "", detail, {}};
}

}  // namespace

BodyReader::BodyReader(int fd, const RequestHead& head, const StreamLimits& limits, const Clock& clock,
                       const std::atomic<bool>& stopping)
    : fd_(fd),
      clock_(clock),
      stopping_(stopping),
      announced_(head.chunked ? std::nullopt : std::optional(head.content_length)),
      left_(head.content_length),
      expects_continue_(head.expects_continue),
      finished_(announced_ == std::uint64_t{0}),
      allowance_(limits) {
    if (head.chunked) {
        chunks_.emplace(kNoLimit);
    }
}

std::optional<std::uint64_t> BodyReader::announced() const {
    return announced_;
}

void BodyReader::limit(std::uint64_t most) {
    if (chunks_) {
        chunks_.emplace(most);
    }
}

std::string_view BodyReader::read() {
    body_.clear();
    buffer_.resize(kPiece);
    if (!finished_ && std::exchange(expects_continue_, false) &&
        !send_at_once(fd_, "HTTP/1.1 100 Continue\r\n\r\n")) {
        refuse("the connection was closed within the body");
    }
    while (!finished_ && body_.empty()) {
        if (stopping_) {
            throw problem::Problem{503, "stopping", "", "the server is stopping; try again", {}};
        }
        if (chunks_) {
            take_chunks();
        } else {
            take_part();
        }
    }
    allowance_.received(body_.size());
    return body_;
}

/// Returns 0 after it has waited for the client.
std::size_t BodyReader::receive(int flags, std::size_t most) {
    const ssize_t got = ::recv(fd_, buffer_.data(), std::min(most, buffer_.size()), flags | MSG_DONTWAIT);
    if (got > 0) {
        return static_cast<std::size_t>(got);
    }
    if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
        wait();
    } else if (got == 0 || errno != EINTR) {
        refuse("the connection was closed within the body");
    }
    return 0;
}

void BodyReader::take_part() {
    const auto got = receive(0, static_cast<std::size_t>(std::min<std::uint64_t>(left_, buffer_.size())));
    body_.assign(buffer_, 0, got);
    left_ -= got;
    finished_ = left_ == 0;
}

void BodyReader::take_chunks() {
    using State = ChunkDecoder::State;
    const auto seen = receive(MSG_PEEK, kPiece);
    const auto used = chunks_->feed({buffer_.data(), seen}, body_);
    if (!take_from(fd_, buffer_.data(), used)) {
        refuse("the connection was closed within the body");
    }
    if (chunks_->state() == State::kTooLarge) {
        throw problem::Problem{413, "body_too_large", "", "the body has more bytes than are allowed", {}};
    }
    if (chunks_->state() == State::kMalformed) {
        refuse("the chunks of the body are malformed");
    }
    finished_ = chunks_->state() == State::kDone;
}

void BodyReader::wait() {
    const auto began = clock_.steady();
    pollfd readable{fd_, POLLIN, 0};
    ::poll(&readable, 1, static_cast<int>(WaitAllowance::kSlice.count()));
    if (!allowance_.waited(clock_.steady() - began, (readable.revents & POLLIN) != 0)) {
        throw problem::Problem{408, "request_timeout", "", "the body did not arrive in time", {}};
    }
}

}  // namespace lamda::http
