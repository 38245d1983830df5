// Answers that are written bit by bit.
#include "http/feed.hpp"

#include <atomic>
#include <catch2/catch.hpp>
#include <optional>

#include "http/testing/raw_client.hpp"
#include "http/testing/server.hpp"
#include "testkit/process.hpp"

using namespace lamda;
using namespace lamda::http;

namespace {

struct FeedServer {
    SystemClock clock;
    telemetry::Metrics metrics;
    MemoryBudget memory{64U << 20};
    std::shared_ptr<Feed> feed = std::make_shared<Feed>();
    std::optional<std::uint64_t> length;
    Server server;
    int port = 0;

    explicit FeedServer(std::size_t workers = 1)
        : server(config(memory, workers), clock, telemetry::Log::none(), metrics) {
        server.route("GET", "/feed", [this](const Request&) {
            Response out{200, "application/x-ndjson", "", {}};
            out.feed = feed;
            out.length = length;
            return out;
        });
        server.route("GET", "/range", [](const Request& request) {
            return Response{200, "text/plain", request.headers.at("range"), {{"Accept-Ranges", "bytes"}}};
        });
        server.route("GET", "/small",
                     [](const Request&) { return Response{200, "text/plain", "small", {}}; });
        port = server.start();
    }
    static ServerConfig config(MemoryBudget& memory, std::size_t workers) {
        auto out = without_deadlines();
        out.workers = workers;
        out.most_workers = workers;
        out.memory = &memory;
        return out;
    }
};

}  // namespace

TEST_CASE("what is written to a feed reaches the client at once, and its end closes the connection") {
    FeedServer scene;
    RawClient client(scene.port);
    client.send(get("/feed"));
    CHECK(client.read_until("\r\n\r\n").find("Connection: close") != std::string::npos);
    REQUIRE(scene.feed->write("one\n"));
    CHECK(client.read_until("one\n") == "one\n");
    REQUIRE(scene.feed->write("two\n"));
    scene.feed->end();
    CHECK(client.read_until("two\n") == "two\n");
    CHECK(client.closed_within(std::chrono::seconds(20)));
}

TEST_CASE("the head of an answer with a feed has no length, and HEAD has no feed") {
    FeedServer scene;
    RawClient client(scene.port);
    client.send(get("/feed"));
    CHECK(client.read_until("\r\n\r\n").find("Content-Length") == std::string::npos);
    RawClient head(scene.port);
    head.send("HEAD /feed HTTP/1.1\r\nHost: x\r\n\r\n");
    CHECK(head.receive(true).status == 200);
}

TEST_CASE("clients that follow a feed hold no worker, and a client that goes closes its feed") {
    FeedServer scene(1);
    {
        RawClient follower(scene.port);
        follower.send(get("/feed"));
        (void)follower.read_until("\r\n\r\n");
        RawClient other(scene.port);
        CHECK(other.ask(get("/small")).body == "small");
        CHECK_FALSE(scene.feed->closed());
    }
    CHECK(testkit::wait_until([&] { return scene.feed->closed(); }));
}

TEST_CASE("a client that does not read stops the writer, not the server") {
    FeedServer scene;
    RawClient client(scene.port);
    client.send(get("/feed"));
    (void)client.read_until("\r\n\r\n");
    const std::string piece(64U << 10, 'x');
    std::size_t written = 0;
    CHECK(testkit::wait_until([&] {
        while (written < (64U << 20) && scene.feed->write(piece)) {
            written += piece.size();
        }
        return written >= (64U << 20) || scene.feed->closed() || scene.memory.used() > 0;
    }));
    CHECK(scene.memory.used() <= 2 * Feed::kMostWaiting);
    RawClient other(scene.port);
    CHECK(other.ask(get("/small")).body == "small");
}

TEST_CASE("a server that stops closes its feeds") {
    FeedServer scene;
    RawClient client(scene.port);
    client.send(get("/feed"));
    (void)client.read_until("\r\n\r\n");
    scene.server.stop();
    CHECK(scene.feed->closed());
}

TEST_CASE(
    "a feed of a known length is announced, and one that ends before it leaves the message incomplete") {
    const auto ended_after = [](const std::string& text) {
        FeedServer scene;
        scene.length = 8;
        RawClient client(scene.port);
        client.send(get("/feed"));
        const auto head = client.read_until("\r\n\r\n");
        CHECK(head.find("Content-Length: 8\r\n") != std::string::npos);
        CHECK(head.find("Content-Length", head.find("Content-Length") + 1) == std::string::npos);
        REQUIRE(scene.feed->write(text));
        scene.feed->end();
        return client.read_until("\r\n\r\n");  // up to the connection's end
    };
    CHECK(ended_after("12345678") == "12345678");
    CHECK(ended_after("1234") == "1234");
}

TEST_CASE("an answer to HEAD has the announced length") {
    FeedServer scene;
    scene.length = 8;
    RawClient client(scene.port);
    client.send("HEAD /feed HTTP/1.1\r\nHost: x\r\n\r\n" + get("/small"));
    const auto head = client.receive(true);
    CHECK(head.has("Content-Length: 8"));
    CHECK(client.receive().body == "small");
}

TEST_CASE("the writer of a feed learns when bytes were taken, and when the client has gone") {
    FeedServer scene;
    std::atomic<int> calls{0};
    scene.feed->on_taken([&] { ++calls; });
    {
        RawClient client(scene.port);
        client.send(get("/feed"));
        (void)client.read_until("\r\n\r\n");
        REQUIRE(scene.feed->write("one\n"));
        (void)client.read_until("one\n");
        CHECK(testkit::wait_until([&] { return calls == 1; }));
    }
    CHECK(testkit::wait_until([&] { return calls == 2; }));
    CHECK(scene.feed->closed());
}

TEST_CASE("a handler receives Range, and Accept-Ranges is sent if the handler sets it") {
    FeedServer scene;
    RawClient client(scene.port);
    CHECK(client.ask(get("/range", "Range: bytes=1-2\r\n")).body == "bytes=1-2");
    const auto with = client.ask(get("/range", "Range: bytes=1-2\r\n"));
    CHECK(with.status == 200);
    CHECK(with.has("Accept-Ranges: bytes"));
    client.send("HEAD /small HTTP/1.1\r\nHost: x\r\n\r\n");
    CHECK_FALSE(client.receive(true).has("Accept-Ranges: bytes"));
}
