#include "http/web_socket.hpp"

#include <catch2/catch.hpp>

using namespace lamda::http;

namespace {

/// A client's frame, masked with a fixed key (RFC 6455, section 5.3).
std::string masked(unsigned char first, const std::string& payload) {
    const std::string key = "\x12\x34\x56\x78";
    std::string out(1, static_cast<char>(first));
    if (payload.size() < 126) {
        out += static_cast<char>(0x80 | payload.size());
    } else {
        out += static_cast<char>(0x80 | 126);
        out += static_cast<char>(payload.size() >> 8);
        out += static_cast<char>(payload.size() & 0xFF);
    }
    out += key;
    for (std::size_t i = 0; i < payload.size(); ++i) {
        out += static_cast<char>(payload[i] ^ key[i % 4]);
    }
    return out;
}
constexpr unsigned char kText = 0x81;
constexpr unsigned char kPing = 0x89;
constexpr unsigned char kClose = 0x88;

int code_of(const std::string& close) {
    REQUIRE(close.size() >= 4);
    REQUIRE(static_cast<unsigned char>(close[0]) == kClose);
    return (static_cast<unsigned char>(close[2]) << 8) | static_cast<unsigned char>(close[3]);
}

}  // namespace

TEST_CASE("text messages arrive whole, whatever the pieces they come in") {
    const std::string bytes =
        masked(0x01, "he") + masked(kPing, "p") + masked(0x80, "llo") + masked(kText, "");
    for (const std::size_t piece : {1U, 2U, 3U, 7U, 100U}) {
        WebSocketReader reader(100);
        std::vector<std::string> messages;
        std::string answer;
        for (std::size_t at = 0; at < bytes.size(); at += piece) {
            auto received = reader.receive(std::string_view(bytes).substr(at, piece));
            CHECK_FALSE(received.over);
            messages.insert(messages.end(), received.messages.begin(), received.messages.end());
            answer += received.answer;
        }
        CHECK(messages == std::vector<std::string>{"hello", ""});
        INFO("a Ping is answered by a Pong with its payload");
        CHECK(answer == "\x8a\x01p");
    }
}

TEST_CASE("a Close is answered, and nothing is read after it") {
    WebSocketReader reader(100);
    const auto received = reader.receive(masked(kClose, std::string("\x03\xe8", 2)) + masked(kText, "late"));
    CHECK(received.over);
    CHECK(code_of(received.answer) == 1000);
    CHECK(received.messages.empty());
}

TEST_CASE("what is against the protocol ends the connection with its code") {
    const auto code_after = [](const std::string& bytes) {
        WebSocketReader reader(100);
        const auto received = reader.receive(bytes);
        CHECK(received.over);
        CHECK(received.messages.empty());
        return received.answer.empty() ? 0 : code_of(received.answer);
    };
    CHECK(code_after(masked(kText, std::string(101, 'x'))) == 1009);
    CHECK(code_after(masked(0x01, std::string(60, 'x')) + masked(0x80, std::string(60, 'x'))) == 1009);
    CHECK(code_after(masked(kText, "\xff")) == 1007);
    CHECK(code_after(masked(0x82, "binary")) == 1003);
    CHECK(code_after(std::string("\x81\x01x")) == 1002);  // not masked
    CHECK(code_after(masked(0xC1, "x")) == 1002);         // a reserved bit
    CHECK(code_after(masked(0x83, "x")) == 1002);         // an unknown opcode
    CHECK(code_after(masked(0x09, "x")) == 1002);         // a control frame in pieces
    CHECK(code_after(masked(kPing, std::string(126, 'x'))) == 1002);
    CHECK(code_after(masked(0x80, "x")) == 1002);  // continues nothing
}

TEST_CASE("frames of the server have the shortest length, and are not masked") {
    CHECK(text_frame("abc") ==
          "\x81\x03"
          "abc");
    CHECK(text_frame(std::string(125, 'x')).size() == 127);
    CHECK(text_frame(std::string(126, 'x')).substr(0, 4) == std::string("\x81\x7e\x00\x7e", 4));
    CHECK(text_frame(std::string(65'535, 'x')).substr(0, 4) == std::string("\x81\x7e\xff\xff", 4));
    CHECK(text_frame(std::string(65'536, 'x')).substr(0, 10) ==
          std::string("\x81\x7f\x00\x00\x00\x00\x00\x01\x00\x00", 10));
    CHECK(ping_frame() == std::string("\x89\x00", 2));
    CHECK(code_of(close_frame(1008, "slow_reader")) == 1008);
}
