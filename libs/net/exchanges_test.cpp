// Tests of several concurrent exchanges on one client.
#include <atomic>
#include <catch2/catch.hpp>
#include <map>
#include <thread>

#include "net/http_client.hpp"
#include "net/testing/loopback_server.hpp"

using namespace lamda;
using namespace lamda::net;
using testing::LoopbackServer;

namespace {

HttpRequest get(const std::string& url) {
    HttpRequest out;
    out.url = url;
    return out;
}

Steady in(Millis time) {
    return std::chrono::steady_clock::now() + time;
}

const Millis kLong{60'000};

TransportError::Kind kind_of(const Exchanges::Ended& ended) {
    try {
        std::rethrow_exception(ended.error);
    } catch (const TransportError& error) {
        return error.kind();
    }
}

LoopbackServer::Answer by_path(const LoopbackServer::Request& request) {
    if (request.target == "/hang") {
        return {"", false, true};
    }
    if (request.target == "/cut") {
        return {"", true};
    }
    return LoopbackServer::reply(request.target);
}

}  // namespace

TEST_CASE("Exchanges: each ends once, under its id, with an error only where there is one") {
    LoopbackServer server(by_path);
    HttpClient client;
    const auto exchanges = client.exchanges();
    std::map<Exchanges::Id, std::string> expected;
    for (int i = 0; i < 100; ++i) {
        std::string url = server.url("/" + std::to_string(i));
        if (i == 7) {
            url = "gopher://x";
        } else if (i == 9) {
            url = server.url("/cut");
        }
        expected[exchanges->start(get(url))] = i == 7 || i == 9 ? "" : "/" + std::to_string(i);
    }
    while (!expected.empty()) {
        const auto ended = exchanges->next(in(kLong));
        REQUIRE(ended);
        const auto found = expected.find(ended->id);
        REQUIRE(found != expected.end());
        if (found->second.empty()) {
            CHECK_FALSE(ended->response);
            CHECK((kind_of(*ended) == TransportError::Kind::kBadUrl ||
                   kind_of(*ended) == TransportError::Kind::kCut));
        } else {
            REQUIRE(ended->response);
            CHECK(ended->response->body == found->second);
        }
        expected.erase(found);
    }
    CHECK_FALSE(exchanges->next(in(kLong)));  // nothing in flight: returns immediately
}

TEST_CASE("Exchanges: they continue while their caller is busy, and keep their connections") {
    std::atomic<int> served = 0;
    LoopbackServer server([&](const auto& request) {
        ++served;
        return LoopbackServer::reply(request.target);
    });
    HttpClient client;
    const auto exchanges = client.exchanges();
    exchanges->start(get(server.url("/a")));
    const auto give_up = in(kLong);
    while (served == 0 && std::chrono::steady_clock::now() < give_up) {
        std::this_thread::yield();
    }
    CHECK(served == 1);  // without a call of next()
    CHECK(exchanges->next(in(kLong))->response->body == "/a");
    for (int i = 0; i < 20; ++i) {
        exchanges->start(get(server.url("/b")));
        REQUIRE(exchanges->next(in(kLong))->response);
    }
    CHECK(server.connections() == 1);
}

TEST_CASE("Exchanges: connections opened by a burst are reused by the next") {
    constexpr int kAtOnce = 20;
    std::atomic<int> awaited = 0;
    LoopbackServer server([&](const auto& request) {
        // The server answers only after the whole burst has arrived: each request needs its own connection.
        const auto give_up = in(kLong);
        --awaited;
        while (awaited > 0 && std::chrono::steady_clock::now() < give_up) {
            std::this_thread::yield();
        }
        return LoopbackServer::reply(request.target);
    });
    HttpClient client;
    const auto exchanges = client.exchanges();
    for (int burst = 0; burst < 5; ++burst) {
        for (const int count : {kAtOnce, 1}) {
            awaited = count;
            for (int i = 0; i < count; ++i) {
                exchanges->start(get(server.url("/a")));
            }
            for (int i = 0; i < count; ++i) {
                REQUIRE(exchanges->next(in(kLong))->response);
            }
        }
    }
    CHECK(server.connections() == kAtOnce);
}

TEST_CASE("Exchanges: a deadline of next() ends the wait, not the exchange; cancel ends the exchange") {
    LoopbackServer server(by_path);
    HttpClient client;
    const auto exchanges = client.exchanges();
    const auto hanging = exchanges->start(get(server.url("/hang")));
    CHECK_FALSE(exchanges->next(in(Millis(20))));
    const auto quick = exchanges->start(get(server.url("/quick")));
    const auto ended = exchanges->next(in(kLong));
    REQUIRE(ended);
    CHECK(ended->id == quick);
    exchanges->cancel(hanging);
    CHECK_FALSE(exchanges->next(in(kLong)));  // nothing in flight any more
}

TEST_CASE(
    "Exchanges: of two callers each gets its own results, and the end of a caller does not affect the "
    "other") {
    LoopbackServer server(by_path);
    HttpClient client;
    const auto first = client.exchanges();
    {
        const auto second = client.exchanges();
        second->start(get(server.url("/hang")));
        second->start(get(server.url("/theirs")));
    }
    first->start(get(server.url("/mine")));
    CHECK(first->next(in(kLong))->response->body == "/mine");
    CHECK_FALSE(first->next(in(kLong)));
}

TEST_CASE("Exchanges: an exchange has its own deadline, and streams are refused") {
    LoopbackServer server(by_path);
    HttpClient client;
    const auto exchanges = client.exchanges();
    auto request = get(server.url("/hang"));
    request.timeout = Millis(50);
    exchanges->start(request);
    const auto ended = exchanges->next(in(kLong));
    REQUIRE(ended);
    CHECK(kind_of(*ended) == TransportError::Kind::kTimeout);
    request.on_data = [](BytesView) { return true; };
    CHECK_THROWS_AS(exchanges->start(request), std::logic_error);
}

TEST_CASE("Retry-After: seconds, a date, or no readable value") {
    const auto after = [](const std::string& value) {
        HttpResponse response;
        response.headers = {{"retry-after", value}, {"date", "Sun, 29 Nov 2026 10:00:00 GMT"}};
        return retry_after(response);
    };
    CHECK(after("7") == Millis(7'000));
    CHECK(after("0") == Millis(0));
    CHECK(after("99999999") == Millis(24 * 3'600'000));
    CHECK(after("Wed, 21 Oct 2015 07:28:00 GMT") == Millis(0));
    CHECK(after("Sun, 29 Nov 2026 10:00:30 GMT") == Millis(30'000));
    CHECK(after("Fri, 31 Dec 2999 23:59:59 GMT") == Millis(24 * 3'600'000));
    CHECK_FALSE(after("soon"));
    CHECK_FALSE(after(""));
    CHECK_FALSE(retry_after(HttpResponse{}));
}
