// The chunked transfer coding (RFC 9112, section 7.1), read as it arrives and under a limit.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace lamda::http {

class ChunkDecoder {
  public:
    /// @param limit of all chunks together, in bytes
    explicit ChunkDecoder(std::size_t limit) : limit_(limit) {}

    enum class State { kSize, kData, kDataEnd, kTrailer, kDone, kMalformed, kTooLarge };
    /// Appends what the chunks hold to `body`; returns how many bytes of `input` belong to this body.
    std::size_t feed(std::string_view input, std::string& body);
    State state() const { return state_; }

  private:
    bool ended() const {
        return state_ == State::kDone || state_ == State::kMalformed || state_ == State::kTooLarge;
    }
    void take_line_byte(char byte);
    void end_line();
    void read_size();

    std::size_t limit_;
    State state_ = State::kSize;
    std::string line_;             ///< of a size or a trailer, as far as it is there
    std::uint64_t left_ = 0;       ///< bytes of the present chunk still to come
    std::uint64_t announced_ = 0;  ///< by all chunks so far
    std::size_t trailer_bytes_ = 0;
};

}  // namespace lamda::http
