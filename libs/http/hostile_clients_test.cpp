// Tests of a well-behaved client next to many that hold connections, memory or workers. Attackers exceed the
// limits; each test waits for a condition, and none depends on a time bound.
#include <catch2/catch.hpp>
#include <functional>
#include <memory>
#include <vector>

#include "http/testing/raw_client.hpp"
#include "http/testing/server.hpp"
#include "testkit/process.hpp"

using namespace lamda::http;
using std::chrono::milliseconds;

namespace {

constexpr std::size_t kBig = 1U << 20;

/// Limits that a few clients reach, and deadlines that no client reaches.
ServerConfig small() {
    ServerConfig config = without_deadlines();
    config.workers = 2;
    config.most_workers = 4;
    config.most_large = 1;
    config.most_connections = 20;
    config.max_body = 100'000;
    return config;
}

/// Waits long enough for a busy machine.
bool happens(const std::function<bool()>& condition) {
    return lamda::testkit::wait_until(condition, lamda::Millis(60'000));
}

using Clients = std::vector<std::unique_ptr<RawClient>>;
Clients clients_that_send(int port, int count, const std::string& bytes) {
    Clients out;
    for (int i = 0; i < count; ++i) {
        out.push_back(std::make_unique<RawClient>(port));
        out.back()->send(bytes);
    }
    return out;
}

/// A server with an additional answer of 1 MiB.
struct BigServer {
    explicit BigServer(ServerConfig config)
        : server(
              [&] {
                  config.memory = &memory;
                  return config;
              }(),
              clock, lamda::telemetry::Log::none(), metrics) {
        server.route("GET", "/big", [this](const Request&) {
            ++bigs;
            return Response{200, "text/plain", std::string(kBig, 'x'), {}};
        });
        server.route("GET", "/small",
                     [](const Request&) { return Response{200, "text/plain", "small", {}}; });
        port = server.start();
    }

    lamda::MemoryBudget memory{1U << 30};
    lamda::SystemClock clock;
    lamda::telemetry::Metrics metrics;
    std::atomic<int> bigs{0};
    Server server;
    int port = 0;
};

}  // namespace

TEST_CASE("idle connections are evicted: a client with a request is answered, whatever their number") {
    TestServer server(small());
    const auto idle = clients_that_send(server.port, 60, "");
    for (int i = 0; i < 30; ++i) {
        CHECK(RawClient(server.port).ask(get("/items/1")).status == 200);
    }
    RawClient(server.port).ask(get("/items/2"));
}

TEST_CASE("connections that send empty lines or half a head are evicted, too") {
    TestServer server(small());
    for (const char* bytes : {"\r\n", "GET /items/1 HTTP/1.1\r\nHost: x\r\n"}) {
        const auto others = clients_that_send(server.port, 60, bytes);
        for (int i = 0; i < 10; ++i) {
            CHECK(RawClient(server.port).ask(get("/items/1")).status == 200);
        }
    }
}

TEST_CASE("a hostile crowd does not evict a connection that is being served") {
    TestServer server(small());
    auto begun = clients_that_send(server.port, 2, get("/wait"));
    REQUIRE(happens([&] { return server.waiting == 2; }));
    const auto idle = clients_that_send(server.port, 60, "");
    CHECK(RawClient(server.port).ask(get("/items/1")).status == 200);
    server.release();
    for (auto& client : begun) {
        CHECK(client->receive().body == "done");
    }
}

TEST_CASE("empty lines do not extend the deadline of a request") {
    ServerConfig config = small();
    // The deadline of a connection's first request, and of a later one.
    int& deadline = GENERATE(true, false) ? config.read_timeout_ms : config.keep_alive_ms;
    deadline = 300;
    TestServer server(config);
    RawClient client(server.port);
    if (&deadline == &config.keep_alive_ms) {
        CHECK(client.ask(get("/items/1")).status == 200);
    }
    // Each line arrives well before the deadline.
    CHECK(happens([&] {
        client.send("\r\n");
        return client.closed_within(milliseconds(20));
    }));
}

TEST_CASE("clients that send requests and never read hold no worker") {
    BigServer server(small());
    std::string many;
    for (int i = 0; i < 20; ++i) {
        many += get("/big");
    }
    const auto readers = clients_that_send(server.port, 12, many);
    INFO("there are four workers: if each client held one, other clients would not be served");
    CHECK(happens([&] { return server.bigs >= 12; }));
    for (int i = 0; i < 20; ++i) {
        CHECK(RawClient(server.port).ask(get("/small")).body == "small");
    }
}

TEST_CASE("unread answers are bounded: the one with the least progress is dropped") {
    ServerConfig config = small();
    config.most_held = 4 * kBig;
    BigServer server(config);
    auto readers = clients_that_send(server.port, 15, get("/big"));
    REQUIRE(happens([&] { return server.bigs == 15; }));
    REQUIRE(happens([&] { return server.memory.used() <= 4 * (kBig + 1'000); }));
    RawClient good(server.port);
    CHECK(good.ask(get("/big")).body.size() == kBig);
    int whole = 0;
    for (auto& client : readers) {
        whole += client->receive().body.size() == kBig ? 1 : 0;
    }
    CHECK(whole <= 4);
    CHECK(happens([&] { return server.memory.used() == 0; }));
}

TEST_CASE("unfinished bodies are bounded, and others are read") {
    ServerConfig config = small();
    config.most_held = 300'000;
    TestServer server(config);
    const std::string head = "POST /items HTTP/1.1\r\nHost: x\r\nContent-Length: ";
    auto attackers = clients_that_send(server.port, 12, head + "90000\r\n\r\n" + std::string(89'000, 'x'));
    CHECK(RawClient(server.port).ask(head + "80000\r\n\r\n" + std::string(80'000, 'x')).body == "80000");
    INFO("each holds at least 89,000 bytes, so 300,000 are enough for three");
    CHECK(happens([&] {
        std::erase_if(attackers, [](auto& attacker) { return attacker->closed_within(milliseconds(1)); });
        return attackers.size() <= 4;
    }));
}

TEST_CASE("large requests wait for each other, small ones do not wait for them") {
    lamda::telemetry::Metrics metrics;
    ServerConfig config = small();
    const lamda::SystemClock clock;
    Server server(config, clock, lamda::telemetry::Log::none(), metrics);
    std::atomic<int> running{0};
    std::atomic<int> most{0};
    std::atomic<bool> open{false};
    server.route(
        "GET", "/list",
        [&](const Request&) {
            most = std::max(most.load(), ++running);
            happens([&] { return open.load(); });
            --running;
            return Response{200, "text/plain", "list", {}};
        },
        [](const Request& request) { return request.query.contains("limit"); });
    server.route("GET", "/small", [](const Request&) { return Response{200, "text/plain", "small", {}}; });
    const int port = server.start();
    auto large = clients_that_send(port, 10, get("/list?limit=1000"));
    REQUIRE(happens([&] { return running == 1; }));
    for (int i = 0; i < 20; ++i) {
        CHECK(RawClient(port).ask(get("/small")).body == "small");
    }
    open = true;
    for (auto& client : large) {
        CHECK(client->receive().body == "list");
    }
    CHECK(most == 1);
}
