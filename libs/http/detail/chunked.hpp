// Decodes the chunked transfer coding (RFC 9112, section 7.1) incrementally, under a limit.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace lamda::http {

class ChunkDecoder {
  public:
    /// @param limit bytes of all chunks together
    explicit ChunkDecoder(std::size_t limit) : limit_(limit) {}

    enum class State { kSize, kData, kDataEnd, kTrailer, kDone, kMalformed, kTooLarge };
    /// Appends the content of the chunks to `body`; returns the number of bytes of `input` that belong to
    /// this body.
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
    std::string line_;             ///< incomplete line of a size or a trailer
    std::uint64_t left_ = 0;       ///< remaining bytes of the current chunk
    std::uint64_t announced_ = 0;  ///< total size of the chunks so far
    std::size_t trailer_bytes_ = 0;
};

}  // namespace lamda::http
