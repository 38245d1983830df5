#include "http/detail/chunked.hpp"

#include <catch2/catch.hpp>

using namespace lamda::http;
using State = ChunkDecoder::State;

namespace {

struct Decoded {
    State state;
    std::string body;
    std::size_t used;
};

Decoded decode(const std::string& text, std::size_t piece, std::size_t limit = 10) {
    ChunkDecoder decoder(limit);
    Decoded out{State::kSize, "", 0};
    for (std::size_t at = 0; at < text.size() && out.used == at; at += piece) {
        out.used += decoder.feed(std::string_view(text).substr(at, piece), out.body);
    }
    out.state = decoder.state();
    return out;
}

}  // namespace

TEST_CASE("chunks are joined at any fragmentation, and bytes after them are not consumed") {
    const std::string text = "3;name=\"v\"\r\nabc\r\n0A\r\n0123456789\r\n0\r\nTrailer: x\r\n\r\n";
    for (const std::size_t piece : {1U, 2U, 3U, 7U, 100U}) {
        INFO(piece);
        const auto decoded = decode(text + "GET", piece, 13);
        CHECK(decoded.state == State::kDone);
        CHECK(decoded.body == "abc0123456789");
        CHECK(decoded.used == text.size());
    }
}

TEST_CASE("a chunk that exceeds the limit is refused at its size line") {
    CHECK(decode("a\r\n", 1).state == State::kData);
    CHECK(decode("b\r\n", 1).state == State::kTooLarge);
    CHECK(decode("5\r\n01234\r\n6\r\n", 1).state == State::kTooLarge);
    CHECK(decode("ffffffffffffffff\r\n", 1).state == State::kTooLarge);
    CHECK(decode("5\r\n01234\r\nfffffffffffffffe\r\n", 1).state == State::kTooLarge);
}

TEST_CASE("malformed chunks are detected") {
    for (const char* text :
         {"zz\r\n", "\r\n", "-1\r\n", "+1\r\n", " 1\r\n", "0x1\r\n", "1 \r\n", "1\n", "1\r\r\n",
          "1\r\nab\r\n", "1\r\na\rb", "1\r\na\n", "10000000000000000\r\n", "1;\x01\r\n"}) {
        INFO(text);
        CHECK(decode(text, 1).state == State::kMalformed);
        CHECK(decode(text, 100).state == State::kMalformed);
    }
    CHECK(decode("1;" + std::string(300, 'x'), 1).state == State::kMalformed);
    CHECK(decode("0\r\n" + std::string(9000, 'x'), 100).state == State::kMalformed);
}
