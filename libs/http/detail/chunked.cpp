#include "http/detail/chunked.hpp"

#include <algorithm>
#include <charconv>

namespace lamda::http {

namespace {

constexpr std::size_t kMostSizeLine = 256;  ///< with extensions, which are ignored
constexpr std::size_t kMostTrailers = 8U * 1024;

}  // namespace

std::size_t ChunkDecoder::feed(std::string_view input, std::string& body) {
    std::size_t used = 0;
    while (used < input.size() && !ended()) {
        if (state_ != State::kData) {
            take_line_byte(input[used]);
            ++used;
            continue;
        }
        const auto part = input.substr(used, static_cast<std::size_t>(left_));
        body.append(part);
        used += part.size();
        left_ -= part.size();
        if (left_ == 0) {
            state_ = State::kDataEnd;
        }
    }
    return used;
}

void ChunkDecoder::take_line_byte(char byte) {
    const bool after_return = !line_.empty() && line_.back() == '\r';
    const std::size_t most = state_ == State::kTrailer ? kMostTrailers : kMostSizeLine;
    trailer_bytes_ += state_ == State::kTrailer ? 1 : 0;
    // A line must end with CR LF: readers disagree about other endings.
    if (after_return != (byte == '\n') || line_.size() >= most || trailer_bytes_ > kMostTrailers) {
        state_ = State::kMalformed;
    } else if (after_return) {
        line_.pop_back();
        end_line();
        line_.clear();
    } else {
        line_ += byte;
    }
}

void ChunkDecoder::end_line() {
    const bool control = std::any_of(line_.begin(), line_.end(), [](char c) {
        return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7F;
    });
    if (control || (state_ == State::kDataEnd && !line_.empty())) {
        state_ = State::kMalformed;
    } else if (state_ == State::kDataEnd) {
        state_ = State::kSize;
    } else if (state_ == State::kSize) {
        read_size();
    } else if (line_.empty()) {
        state_ = State::kDone;
    }
}

void ChunkDecoder::read_size() {
    const char* const end = line_.data() + line_.size();
    const auto [stopped, error] = std::from_chars(line_.data(), end, left_, 16);
    if (error != std::errc() || (stopped != end && *stopped != ';')) {
        state_ = State::kMalformed;
    } else if (left_ == 0) {
        state_ = State::kTrailer;
    } else if (left_ > limit_ - announced_) {
        state_ = State::kTooLarge;
    } else {
        announced_ += left_;
        state_ = State::kData;
    }
}

}  // namespace lamda::http
