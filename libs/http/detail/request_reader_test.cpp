#include "http/detail/request_reader.hpp"

#include <catch2/catch.hpp>

using namespace lamda::http;
using State = RequestReader::State;

namespace {

const RequestReader::IsStreamed kNotStreamed = [](const RequestHead&) { return false; };

/// Status of the refusal; 0: accepted.
int judged(const std::string& head) {
    RequestReader reader(100, kNotStreamed);
    reader.look(head + "\r\n\r\n");
    return reader.state() == State::kRefused ? reader.refusal().status : 0;
}

}  // namespace

TEST_CASE("no byte of a head is consumed before it is complete, and none after the request") {
    const std::string text =
        "\r\nPOST /a?b HTTP/1.1\r\nHost: x\r\nX-A: 1\r\nx-a:  2 \r\nContent-Length: 3\r\n\r\n";
    RequestReader reader(100, kNotStreamed);
    CHECK(reader.look("\r\n") == 2);
    CHECK(reader.state() == State::kIdle);
    for (std::size_t size = 3; size < text.size(); ++size) {
        REQUIRE(reader.look(std::string_view(text).substr(2, size - 2)) == 0);
        REQUIRE(reader.state() == State::kHead);
    }
    CHECK(reader.look(text.substr(2) + "ab") == text.size());
    CHECK(reader.state() == State::kBody);
    CHECK(reader.look("cGET") == 1);
    REQUIRE(reader.state() == State::kComplete);
    const RawRequest request = reader.take();
    CHECK(request.head.method == "POST");
    CHECK(request.head.target == "/a?b");
    CHECK(request.head.headers.at("x-a") == "1, 2");
    CHECK(request.body == "abc");
    CHECK(reader.state() == State::kIdle);
}

TEST_CASE("malformed heads are refused") {
    for (const char* head :
         {"GET", "GET /", "GET  / HTTP/1.1\r\nHost: x", "GET / HTTP/1.1 \r\nHost: x",
          "GET /\tHTTP/1.1\r\nHost: x", "G(T / HTTP/1.1\r\nHost: x", "GET / http/1.1\r\nHost: x",
          "GET / HTTP/1.1\r\nHost x", "GET / HTTP/1.1\r\nHost: x\r\n : y",
          "GET / HTTP/1.1\r\nHost: x\r\n folded", "GET / HTTP/1.1\nHost: x",
          "GET / HTTP/1.1\r\nHost: x\rX: y", "GET / HTTP/1.1\r\nHost: x\x01",
          "GET / HTTP/1.1\r\nHost: x\r\nContent-Length: +3",
          "GET / HTTP/1.1\r\nHost: x\r\nContent-Length:", "GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 3, 3",
          "GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 18446744073709551616"}) {
        INFO(head);
        CHECK(judged(head) == 400);
    }
    CHECK(judged("GET / HTTP/2.0\r\nHost: x") == 505);
    CHECK(judged("GET / HTTP/1.2\r\nHost: x") == 505);
    CHECK(judged("GET / HTTP/1.0\r\nTransfer-Encoding: chunked") == 501);
    CHECK(judged("GET / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked, chunked") == 501);
    CHECK(judged("GET / HTTP/1.1\r\nHost: x\r\nContent-Encoding: br") == 415);
    CHECK(judged("GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 101") == 413);
    CHECK(judged("GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 0") == 0);
}

TEST_CASE("bytes that cannot be a request are refused before the end of the first line") {
    RequestReader reader(100, kNotStreamed);
    reader.look(std::string_view("\x16\x03\x01", 3));
    CHECK(reader.state() == State::kRefused);
    CHECK(reader.refusal().status == 400);
}

TEST_CASE("keep-alive follows the version and the Connection header") {
    const auto kept = [](const std::string& head) {
        RequestReader reader(100, kNotStreamed);
        reader.look(head + "\r\n\r\n");
        REQUIRE(reader.state() == State::kComplete);
        return reader.take().head.keep_alive;
    };
    CHECK(kept("GET / HTTP/1.1\r\nHost: x"));
    CHECK_FALSE(kept("GET / HTTP/1.1\r\nHost: x\r\nConnection: TE , Close"));
    CHECK(kept("GET / HTTP/1.1\r\nHost: x\r\nConnection: enclose"));
    CHECK_FALSE(kept("GET / HTTP/1.0"));
    CHECK(kept("GET / HTTP/1.0\r\nConnection: Keep-Alive"));
}
