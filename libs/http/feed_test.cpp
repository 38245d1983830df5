// Answers that are written bit by bit.
#include "http/feed.hpp"

#include <catch2/catch.hpp>

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
    Server server;
    int port = 0;

    explicit FeedServer(std::size_t workers = 1)
        : server(config(memory, workers), clock, telemetry::Log::none(), metrics) {
        server.route("GET", "/feed", [this](const Request&) {
            Response out{200, "application/x-ndjson", "", {}};
            out.feed = feed;
            return out;
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
