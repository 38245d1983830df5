// Tests of guarantees that cpp-httplib alone does not give.
#include <dirent.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <catch2/catch.hpp>
#include <cstdlib>
#include <memory>
#include <thread>
#include <vector>

#include "http/testing/raw_client.hpp"
#include "http/testing/server.hpp"
#include "testkit/patience.hpp"

using namespace lamda::http;
using std::chrono::seconds;

namespace {

/// Descriptor in this process of the socket that listens on `port`, or -1.
int listening_socket(int port) {
    const std::unique_ptr<DIR, int (*)(DIR*)> folder(::opendir("/proc/self/fd"), &::closedir);
    for (const dirent* entry = ::readdir(folder.get()); entry != nullptr; entry = ::readdir(folder.get())) {
        const int fd = std::atoi(entry->d_name);
        sockaddr_in name{};
        socklen_t size = sizeof(name);
        int listens = 0;
        socklen_t length = sizeof(listens);
        if (::getsockname(fd, reinterpret_cast<sockaddr*>(&name), &size) == 0 && name.sin_family == AF_INET &&
            ntohs(name.sin_port) == port &&
            ::getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &length) == 0 && listens == 1) {
            return fd;
        }
    }
    return -1;
}

/// Echoes a header and reports other parts of the request.
void add_echo(Server& server) {
    server.route("GET", "/echo", [](const Request& request) {
        const auto header = request.headers.find("x-echo");
        const auto query = request.query.find("q");
        return Response{200,
                        "application/json",
                        (header == request.headers.end() ? "" : header->second) + "|" +
                            (query == request.query.end() ? "" : query->second) + "|" + request.remote_addr +
                            "|" + std::to_string(request.headers.count("remote_addr")),
                        {}};
    });
}

}  // namespace

TEST_CASE("header values and targets reach the handler as sent; the peer's address cannot be forged") {
    lamda::telemetry::Metrics metrics;
    const lamda::SystemClock clock;
    Server server(without_deadlines(), clock, lamda::telemetry::Log::none(), metrics);
    add_echo(server);
    RawClient client(server.start());
    CHECK(client.ask(get("/echo?q=a?b", "X-Echo: a%0d%0ab%41\r\n")).body == "a%0d%0ab%41|a?b|127.0.0.1|0");
    CHECK(client.ask(get("/echo", "REMOTE_ADDR: 10.0.0.1\r\n")).body == "||127.0.0.1|1");
    CHECK(client.ask(get("/echo?q=" + std::string(12'000, 'x'))).status == 200);
    CHECK(client.ask(get("/echo", "X-Echo: " + std::string(12'000, 'x') + "\r\n")).body.size() > 12'000);
}

TEST_CASE("answers are neither cut into ranges nor compressed, and name no feature of the engine") {
    TestServer server;
    RawClient client(server.port);
    for (const char* header :
         {"Range: bytes=0-1\r\n", "Range: nonsense\r\n", "Accept-Encoding: gzip, br\r\n"}) {
        INFO(header);
        const auto answer = client.ask(get("/items/1", header));
        CHECK(answer.status == 200);
        CHECK(answer.body == R"({"id":"1"})");
        CHECK(answer.head.find("Keep-Alive:") == std::string::npos);
        CHECK(answer.head.find("Accept-Ranges") == std::string::npos);
        CHECK(answer.head.find("EXCEPTION") == std::string::npos);
    }
}

TEST_CASE("an unknown method is 404 or 405, not a broken connection") {
    TestServer server;
    RawClient client(server.port);
    CHECK(client.ask("BREW /nothing HTTP/1.1\r\nHost: x\r\n\r\n").status == 404);
    CHECK(client.ask("BREW /items HTTP/1.1\r\nHost: x\r\n\r\n").status == 405);
    CHECK(client.ask(get("/items/1")).status == 200);
}

TEST_CASE("a client that closes its sending side is answered before the connection ends") {
    TestServer server;
    RawClient client(server.port);
    client.send(get("/items/1") + get("/items/2"));
    client.finish_sending();
    CHECK(client.receive().body == R"({"id":"1"})");
    CHECK(client.receive().body == R"({"id":"2"})");
    CHECK(client.closed_within(seconds(60)));

    RawClient half(server.port);
    half.send("GET /items/1 HT");
    half.finish_sending();
    CHECK(half.closed_within(seconds(60)));
}

TEST_CASE("when accept() fails, the server listens again on the same port; open connections continue") {
    TestServer server;
    RawClient open(server.port);
    REQUIRE(open.ask(get("/items/1")).status == 200);
    const int fd = listening_socket(server.port);
    REQUIRE(fd >= 0);
    ::shutdown(fd, SHUT_RDWR);
    CHECK(open.ask(get("/items/2")).status == 200);
    const auto until = std::chrono::steady_clock::now() + seconds(60) * lamda::testkit::patience();
    int status = 0;
    while (status != 200 && std::chrono::steady_clock::now() < until) {
        try {
            status = RawClient(server.port).ask(get("/items/3")).status;
        } catch (const std::runtime_error&) {
            std::this_thread::yield();
        }
    }
    CHECK(status == 200);
}

TEST_CASE("a second server cannot share the port") {
    TestServer server;
    for (int i = 0; i < 3; ++i) {
        ServerConfig config;
        config.port = server.port;
        CHECK_THROWS(TestServer(config));
    }
    CHECK(RawClient(server.port).ask(get("/items/1")).status == 200);
}

TEST_CASE("a server can be stopped right after its start") {
    for (int i = 0; i < 20; ++i) {
        TestServer server;
        server.server.stop();
        CHECK_THROWS(RawClient(server.port));
    }
}

TEST_CASE("at most most_workers handlers run at a time, and waiting requests are answered after them") {
    std::atomic<int> done{0};
    TestServer server([] {
        ServerConfig config = without_deadlines();
        config.workers = 1;
        config.most_workers = 3;
        return config;
    }());
    std::vector<std::thread> clients;
    for (int i = 0; i < 10; ++i) {
        clients.emplace_back([&] {
            RawClient client(server.port);
            done += client.ask(get("/wait")).body == "done" ? 1 : 0;
        });
    }
    while (server.waiting < 3) {
        std::this_thread::yield();
    }
    CHECK(server.waiting == 3);
    server.release();
    for (auto& client : clients) {
        client.join();
    }
    CHECK(done == 10);
}

TEST_CASE("a client that does not read its answer does not delay stop()") {
    lamda::telemetry::Metrics metrics;
    const lamda::SystemClock clock;
    Server server(without_deadlines(), clock, lamda::telemetry::Log::none(), metrics);
    std::atomic<bool> asked{false};
    server.route("GET", "/big", [&](const Request&) {
        asked = true;
        return Response{200, "text/plain", std::string(32U << 20, 'x'), {}};
    });
    RawClient client(server.start());
    client.send(get("/big"));
    while (!asked) {
        std::this_thread::yield();
    }
    const auto from = std::chrono::steady_clock::now();
    server.stop();
    CHECK(std::chrono::steady_clock::now() - from < seconds(2) * lamda::testkit::patience());
}
