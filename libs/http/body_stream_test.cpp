// Bodies that a handler reads while they arrive: well-behaved, cut, slow, too long and refused.
#include "http/body_stream.hpp"

#include <catch2/catch.hpp>
#include <sstream>
#include <thread>

#include "http/testing/raw_client.hpp"
#include "http/testing/server.hpp"
#include "testkit/process.hpp"

using namespace lamda;
using namespace lamda::http;

namespace {

constexpr std::uint64_t kMostBody = 8U << 20;

/// A server that counts the bytes of uploads. Its clock is the test's.
struct UploadServer {
    explicit UploadServer(StreamLimits limits = {})
        : server(config(limits), clock, telemetry::Log::none(), metrics) {
        server.route_stream(
            "POST", "/files",
            [this](const Request& request) {
                ++begun;
                try {
                    return count(*request.stream);
                } catch (const problem::Problem& problem) {
                    failed = problem.status;
                    throw;
                }
            },
            kMostBody);
        server.route_stream(
            "POST", "/refused",
            [](const Request&) -> Response { throw problem::Problem{403, "forbidden", "", "no", {}}; },
            kMostBody);
        server.route("GET", "/small",
                     [](const Request&) { return Response{200, "text/plain", "small", {}}; });
        server.route("GET", "/files", [](const Request& request) {
            return Response{200, "text/plain", request.stream == nullptr ? "none" : "stream", {}};
        });
        port = server.start();
    }
    /// Answers with the number of the bytes, and their sum.
    Response count(BodyStream& body) {
        std::size_t size = 0;
        std::size_t sum = 0;
        for (auto part = body.read(); !part.empty(); part = body.read()) {
            largest = std::max(largest.load(), part.size());
            size += part.size();
            for (const char c : part) {
                sum += static_cast<unsigned char>(c);
            }
            received = size;
        }
        return {201, "text/plain", std::to_string(size) + " " + std::to_string(sum), {}};
    }
    static ServerConfig config(StreamLimits limits) {
        auto out = without_deadlines();
        out.streams = limits;
        out.trusted_proxies = AddressRanges();
        out.max_body = 1000;  // of other routes
        return out;
    }

    FakeClock clock{SystemClock().now()};
    telemetry::Metrics metrics;
    std::atomic<int> begun{0};
    std::atomic<int> failed{0};  ///< status of the last failed read
    std::atomic<std::size_t> largest{0};
    std::atomic<std::size_t> received{0};
    Server server;
    int port = 0;
};

std::string post(const std::string& path, const std::string& more) {
    return "POST " + path + " HTTP/1.1\r\nHost: x\r\n" + more + "\r\n";
}
const std::string kChunked = post("/files", "Transfer-Encoding: chunked\r\n");

std::string chunk(const std::string& content) {
    std::ostringstream size;
    size << std::hex << content.size();
    return size.str() + "\r\n" + content + "\r\n";
}

}  // namespace

TEST_CASE("a body is read in bounded pieces, in any content type, beyond the limit of other routes") {
    UploadServer scene;
    RawClient client(scene.port);
    const std::string body(5U << 20, 'a');
    std::thread sender([&] {
        client.send(post("/files", "Content-Type: text/html\r\nContent-Length: " +
                                       std::to_string(body.size()) + "\r\n") +
                    body);
    });
    const auto answer = client.receive();
    sender.join();
    CHECK(answer.status == 201);
    CHECK(answer.body == std::to_string(body.size()) + " " + std::to_string(97 * body.size()));
    CHECK(scene.largest <= 64U << 10);
    CHECK(client.ask(get("/small")).body == "small");
}

TEST_CASE("chunks are joined, and the request behind them is answered on the same connection") {
    UploadServer scene;
    RawClient client(scene.port);
    client.send(kChunked + chunk("aaa") + chunk(std::string(100'000, 'a')) +
                "1;ext=1\r\na\r\n0\r\nTrailer: x\r\n\r\n" + get("/small") +
                post("/files", "Content-Length: 2\r\n") + "aa" + get("/small"));
    CHECK(client.receive().body == "100004 9700388");
    CHECK(client.receive().body == "small");
    CHECK(client.receive().body == "2 194");
    CHECK(client.receive().body == "small");
}

TEST_CASE("an empty body is read, announced, chunked or absent") {
    UploadServer scene;
    RawClient client(scene.port);
    CHECK(client.ask(post("/files", "Content-Length: 0\r\n")).body == "0 0");
    CHECK(client.ask(post("/files", "")).body == "0 0");
    CHECK(client.ask(kChunked + "0\r\n\r\n").body == "0 0");
    CHECK(client.ask(get("/files")).body == "none");
}

TEST_CASE("100 Continue is sent once the handler reads, and not by one that refuses") {
    UploadServer scene;
    RawClient client(scene.port);
    client.send(post("/files", "Content-Length: 3\r\nExpect: 100-continue\r\n"));
    CHECK(client.read_until("\r\n\r\n") == "HTTP/1.1 100 Continue\r\n\r\n");
    client.send("aaa" + get("/small"));
    CHECK(client.receive().body == "3 291");
    CHECK(client.receive().body == "small");
    RawClient refused(scene.port);
    const auto answer = refused.ask(post("/refused", "Content-Length: 3\r\nExpect: 100-continue\r\n"));
    CHECK(answer.status == 403);
    CHECK(answer.has("Connection: close"));
    CHECK(refused.closed_within(std::chrono::seconds(20)));
}

TEST_CASE("a client that is refused while it sends can read the answer, and its body is no request") {
    UploadServer scene;
    RawClient client(scene.port);
    // More than the buffers of both sockets hold: it must be drained.
    const std::string body(7U << 20, 'a');
    std::thread sender([&] {
        client.send(post("/refused", "Content-Length: " + std::to_string(body.size()) + "\r\n") + body);
    });
    const auto answer = client.receive();
    sender.join();
    CHECK(answer.status == 403);
    CHECK(answer.has("Connection: close"));
    RawClient smuggler(scene.port);
    smuggler.send(post("/refused", "Content-Length: 40\r\n") + get("/small") + get("/small"));
    CHECK(smuggler.receive().status == 403);
    CHECK(smuggler.receive().status == 0);  // the end of the connection
}

TEST_CASE("a body that is too long is refused, announced or not") {
    UploadServer scene;
    RawClient announced(scene.port);
    const auto answer =
        announced.ask(post("/files", "Content-Length: " + std::to_string(kMostBody + 1) + "\r\n"));
    CHECK(answer.status == 413);
    CHECK(answer.body.find("body_too_large") != std::string::npos);
    CHECK(scene.begun == 0);
    RawClient chunked(scene.port);
    // The chunk is refused by its size, before its bytes.
    CHECK(chunked.ask(kChunked + chunk("aaa") + "800000\r\naaa").status == 413);
    CHECK(chunked.closed_within(std::chrono::seconds(20)));
}

TEST_CASE("bodies that are cut, malformed, compressed or framed twice are refused") {
    UploadServer scene;
    {
        RawClient cut(scene.port);
        cut.send(post("/files", "Content-Length: 10\r\n") + "aaa");
        cut.finish_sending();
        CHECK(cut.receive().status == 400);
        RawClient cut_chunks(scene.port);
        cut_chunks.send(kChunked + "5\r\naaa");
        cut_chunks.finish_sending();
        CHECK(cut_chunks.receive().status == 400);
    }
    for (const char* chunks : {"x\r\naaa", "3\naaa", "3\r\naaaa\r\n", "-1\r\n", "fffffffffffffffff\r\n"}) {
        INFO(chunks);
        RawClient client(scene.port);
        CHECK(client.ask(kChunked + chunks).status == 400);
        CHECK(client.closed_within(std::chrono::seconds(20)));
    }
    RawClient long_line(scene.port);
    CHECK(long_line.ask(kChunked + "1;" + std::string(300, 'x')).status == 400);
    CHECK(RawClient(scene.port)
              .ask(post("/files", "Content-Encoding: gzip\r\nContent-Length: 3\r\n") + "aaa")
              .status == 415);
    CHECK(RawClient(scene.port)
              .ask(post("/files", "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n") + "aaa")
              .status == 400);
    const int begun = scene.begun;
    CHECK(begun == 8);
}

TEST_CASE("a client without bytes, or slower than the least rate, is refused") {
    StreamLimits limits;
    limits.most_wait = std::chrono::seconds(10);
    limits.least_rate = 1000;
    UploadServer scene(limits);
    RawClient idle(scene.port);
    idle.send(post("/files", "Content-Length: 100000\r\n") + std::string(50'000, 'a'));
    REQUIRE(testkit::wait_until([&] { return scene.received == 50'000; }));
    // The many bytes give back no more than the whole wait.
    int seconds = 0;
    CHECK(testkit::wait_until([&] {
        ++seconds;
        scene.clock.advance(Millis(1'000));
        return idle.closed_within(std::chrono::milliseconds(100));
    }));
    CHECK(scene.failed == 408);
    CHECK(seconds >= 10);
    scene.received = 0;
    scene.failed = 0;
    RawClient drip(scene.port);
    drip.send(post("/files", "Content-Length: 8000000\r\n"));
    // A byte each second, which gives back a millisecond. Time counts while the server waits: a second that
    // it misses is followed by others.
    CHECK(testkit::wait_until([&] {
        if (scene.failed == 0) {
            drip.send("a");
            scene.clock.advance(Millis(1'000));
        }
        return scene.failed == 408;
    }));
    CHECK(testkit::wait_until([&] {
        scene.clock.advance(Millis(1'000));
        return drip.closed_within(std::chrono::milliseconds(100));
    }));
}

TEST_CASE("few uploads run at a time, fewer of one client; others are answered before their body") {
    StreamLimits limits;
    limits.most = 3;
    limits.most_of_client = 2;
    UploadServer scene(limits);
    std::vector<std::unique_ptr<RawClient>> held;
    for (int i = 0; i < 2; ++i) {
        held.push_back(std::make_unique<RawClient>(scene.port));
        held.back()->send(post("/files", "Content-Length: 10\r\n"));
    }
    REQUIRE(testkit::wait_until([&] { return scene.begun == 2; }));
    RawClient third(scene.port);
    const auto answer = third.ask(post("/files", "Content-Length: 1000000\r\n"));
    CHECK(answer.status == 503);
    CHECK(answer.has("Retry-After: 5"));
    CHECK(answer.body.find("too_many_uploads") != std::string::npos);
    CHECK(RawClient(scene.port).ask(get("/small")).body == "small");
    held.pop_back();
    CHECK(testkit::wait_until([&] {
        return RawClient(scene.port).ask(post("/files", "Content-Length: 1\r\n") + "a").status == 201;
    }));
    held.back()->send("aaaaaaaaaa");
    CHECK(held.back()->receive().body == "10 970");
}

TEST_CASE("a server that stops answers uploads in progress") {
    UploadServer scene;
    RawClient client(scene.port);
    client.send(post("/files", "Content-Length: 10\r\n") + "aaa");
    REQUIRE(testkit::wait_until([&] { return scene.begun == 1; }));
    scene.server.stop();
    const auto answer = client.receive();
    CHECK(answer.status == 503);
    CHECK(answer.body.find("stopping") != std::string::npos);
}
