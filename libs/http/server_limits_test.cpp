// Tests with slow, oversized, ambiguous and malformed requests.
#include <catch2/catch.hpp>
#include <memory>
#include <thread>
#include <vector>

#include "http/testing/raw_client.hpp"
#include "http/testing/server.hpp"
#include "testkit/patience.hpp"

using namespace lamda::http;
using std::chrono::seconds;

namespace {

ServerConfig small() {
    ServerConfig config = without_deadlines();
    config.workers = 2;
    config.most_workers = 4;
    config.max_body = 1000;
    return config;
}

std::string post(std::size_t length) {
    return "POST /items HTTP/1.1\r\nHost: x\r\nContent-Length: " + std::to_string(length) + "\r\n\r\n" +
           std::string(length, 'x');
}

std::string chunked(const std::string& chunks) {
    return "POST /items HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks;
}

}  // namespace

TEST_CASE("a body up to the limit is read, one byte more is 413, announced or in chunks") {
    TestServer server(small());
    CHECK(RawClient(server.port).ask(post(1000)).body == "1000");
    const auto announced = RawClient(server.port).ask(post(1001));
    CHECK(announced.status == 413);
    CHECK(announced.has("Connection: close"));

    const std::string half = "1f4\r\n" + std::string(500, 'x') + "\r\n";
    CHECK(RawClient(server.port).ask(chunked(half + half + "0\r\n\r\n")).body == "1000");
    CHECK(RawClient(server.port).ask(chunked(half + half + "1\r\nx\r\n0\r\n\r\n")).status == 413);
    // A client that continues to send gets its answer, not a reset.
    CHECK(RawClient(server.port).ask(post(300'000)).status == 413);
    CHECK(server.posts == 2);
}

TEST_CASE("encoded bodies are refused, because the limit would not apply to the decoded size") {
    TestServer server(small());
    CHECK(
        RawClient(server.port)
            .ask("POST /items HTTP/1.1\r\nHost: x\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc")
            .status == 415);
    CHECK(RawClient(server.port)
              .ask("POST /items HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n")
              .status == 501);
    CHECK(server.posts == 0);
}

TEST_CASE("a body that no handler reads is not parsed as the next request") {
    TestServer server(small());
    RawClient client(server.port);
    const std::string smuggled = get("/items/smuggled");
    const auto first =
        client.ask(get("/items/1", "Content-Length: " + std::to_string(smuggled.size()) + "\r\n") + smuggled);
    CHECK(first.body == R"({"id":"1"})");
    CHECK(client.ask(get("/items/2")).body == R"({"id":"2"})");
}

TEST_CASE("ambiguous framing is refused and the connection closed") {
    TestServer server(small());
    const std::vector<std::string> requests = {
        "POST /items HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "POST /items HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n",
        "POST /items HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
        "POST /items HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        "POST /items HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999999\r\n\r\n",
        "GET /items/1 HTTP/1.1\r\nHost : x\r\n\r\n",
        "GET /items/1 HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        "GET /items/1 HTTP/1.1\r\n\r\n",
        chunked("zz\r\nabc\r\n0\r\n\r\n"),
        std::string("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 a TLS hello\r\n\r\n", 27),
    };
    for (const std::string& request : requests) {
        INFO(request);
        RawClient client(server.port);
        const auto answer = client.ask(request);
        CHECK(answer.status == 400);
        CHECK(client.closed_within(seconds(60)));
    }
    CHECK(RawClient(server.port).ask("GET /items/1 HTTP/3.1\r\nHost: x\r\n\r\n").status == 505);
    CHECK(server.posts == 0);
}

TEST_CASE("garbage pipelined after a valid request: the valid one is answered, then 400, then closed") {
    TestServer server(small());
    RawClient client(server.port);
    client.send(get("/items/1") + get("/items/2") + "gar(b)age\r\n\r\n" + get("/items/3"));
    CHECK(client.receive().body == R"({"id":"1"})");
    CHECK(client.receive().body == R"({"id":"2"})");
    CHECK(client.receive().status == 400);
    CHECK(client.closed_within(seconds(60)));
}

TEST_CASE("more pipelined requests than one turn allows are all answered, in order") {
    TestServer server(small());
    RawClient client(server.port);
    std::string all;
    for (int i = 0; i < 100; ++i) {
        all += get("/items/" + std::to_string(i));
    }
    client.send(all);
    for (int i = 0; i < 100; ++i) {
        REQUIRE(client.receive().body == "{\"id\":\"" + std::to_string(i) + "\"}");
    }
}

TEST_CASE("invalid percent-encodings are 400") {
    TestServer server(small());
    RawClient client(server.port);
    for (const char* target :
         {"/items/%", "/items/%zz", "/items/%00", "/items/%ff", "/items/1?a=%0", "/items/%0d%0aX"}) {
        INFO(target);
        CHECK(client.ask(get(target)).status == 400);
    }
    CHECK(client.ask(get("/items/%E2%82%AC")).body == "{\"id\":\"\xE2\x82\xAC\"}");
}

TEST_CASE("a head over 16 KiB is 431") {
    TestServer server(small());
    CHECK(
        RawClient(server.port).ask(get("/items/1", "X-Long: " + std::string(20'000, 'x') + "\r\n")).status ==
        431);
    CHECK(RawClient(server.port).ask(get("/" + std::string(20'000, 'x'))).status == 431);
}

TEST_CASE("Expect: 100-continue is answered before the body is sent") {
    TestServer server(small());
    RawClient client(server.port);
    client.send("POST /items HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n");
    CHECK(client.receive().status == 100);
    CHECK(client.ask("abc").body == "3");
}

TEST_CASE("a request that does not arrive in time is 408; an idle connection is closed") {
    ServerConfig config = small();
    config.read_timeout_ms = 300;
    TestServer server(config);
    const auto answer = RawClient::ask_in_time(server.port, "GET /items/1 HTTP/1.1\r\nHos");
    CHECK(answer.status == 408);
    CHECK(answer.has("Connection: close"));
    RawClient slow(server.port);
    slow.send("GET /items/1 HTTP/1.1\r\nHos");
    CHECK(slow.closed_within(seconds(60)));

    config = small();  // an honest request is not late
    config.keep_alive_ms = 400;
    TestServer second(config);
    RawClient idle(second.port);
    CHECK(idle.ask(get("/items/1")).status == 200);
    CHECK(idle.closed_within(seconds(60)));
}

TEST_CASE("many clients that send slowly do not block others") {
    ServerConfig config = small();
    config.most_workers = 2;
    TestServer server(config);
    std::vector<std::unique_ptr<RawClient>> drippers;
    for (int i = 0; i < 40; ++i) {
        drippers.push_back(std::make_unique<RawClient>(server.port));
        drippers.back()->send(i % 2 == 0 ? "GET /items/1 HT" : post(900).substr(0, 100));
    }
    const auto began = std::chrono::steady_clock::now();
    RawClient other(server.port);
    for (int i = 0; i < 20; ++i) {
        for (auto& dripper : drippers) {
            dripper->send("x");
        }
        REQUIRE(other.ask(get("/items/1")).status == 200);
    }
    // Far below the drippers' deadline, which is ten minutes.
    CHECK(std::chrono::steady_clock::now() - began < seconds(60) * lamda::testkit::patience());
}

TEST_CASE("while all handlers wait, more workers are started, up to the limit") {
    TestServer server(small());
    std::vector<std::unique_ptr<RawClient>> waiters;
    for (int i = 0; i < 3; ++i) {
        waiters.push_back(std::make_unique<RawClient>(server.port));
        waiters.back()->send(get("/wait"));
    }
    RawClient other(server.port);
    CHECK(other.ask(get("/items/1")).status == 200);
    server.release();
    for (auto& waiter : waiters) {
        CHECK(waiter->receive().body == "done");
    }
}

TEST_CASE("stop() answers requests in progress and returns within 2 s, even with open connections") {
    TestServer server;
    RawClient idle(server.port);
    CHECK(idle.ask(get("/items/1")).status == 200);
    RawClient half(server.port);
    half.send("GET /items/1 HT");
    RawClient begun(server.port);
    begun.send(get("/wait"));
    while (server.waiting == 0) {
        std::this_thread::yield();
    }
    std::thread later([&] { server.release(); });
    const auto from = std::chrono::steady_clock::now();
    server.server.stop();
    CHECK(std::chrono::steady_clock::now() - from < seconds(2) * lamda::testkit::patience());
    later.join();
    CHECK(begun.receive().body == "done");
    CHECK(idle.closed_within(seconds(60)));
    CHECK_THROWS(RawClient(server.port));
}
