#include "net/http_client.hpp"

#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <cstdlib>
#include <fstream>
#include <thread>

#include "net/testing/loopback_server.hpp"

using namespace lamda;
using namespace lamda::net;
using testing::LoopbackServer;
using Kind = TransportError::Kind;

namespace {

HttpRequest get(const std::string& url) {
    HttpRequest out;
    out.url = url;
    return out;
}

Kind failure(HttpClient& client, const HttpRequest& request) {
    try {
        client.send(request);
    } catch (const TransportError& error) {
        UNSCOPED_INFO(error.what());
        return error.kind();
    }
    throw std::logic_error("unexpected answer");
}

/// A temporary folder, removed on destruction.
struct Folder {
    Folder() {
        std::string name = "/tmp/lamda-net-XXXXXX";
        REQUIRE(mkdtemp(name.data()) != nullptr);
        path = name;
    }
    ~Folder() { REQUIRE(std::system(("rm -rf " + path).c_str()) == 0); }
    std::string path;
};

LoopbackServer::Answer echo(const LoopbackServer::Request& request) {
    return LoopbackServer::reply(request.head + "\n\n" + request.body);
}

bool contains(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("HTTP client: any status is an answer; headers are found in any case") {
    LoopbackServer server([](const auto& request) {
        return request.target == "/missing"
                   ? LoopbackServer::reply("no", "404 Not Found", "X-Why: because \r\n")
                   : LoopbackServer::reply("", "302 Found", "Location: http://127.0.0.1:1/\r\n");
    });
    HttpClient client;
    const HttpResponse missing = client.send(get(server.url("/missing")));
    CHECK(missing.status == 404);
    CHECK(missing.body == "no");
    CHECK(missing.header("x-WHY") == "because");
    CHECK_FALSE(missing.header("x-wh"));
    CHECK(client.send(get(server.url("/moved"))).status == 302);  // redirects are not followed
}

TEST_CASE("HTTP client: connections are kept and reused") {
    LoopbackServer server(echo);
    HttpClient client;
    for (int i = 0; i < 20; ++i) {
        REQUIRE(client.send(get(server.url())).status == 200);
    }
    CHECK(server.connections() == 1);
}

TEST_CASE("HTTP client: a server that closes between requests causes no error") {
    LoopbackServer server([](const auto&) {
        auto answer = LoopbackServer::reply("ok");
        answer.close = true;
        return answer;
    });
    HttpClient client;
    for (int i = 0; i < 20; ++i) {
        CHECK(client.send(get(server.url())).body == "ok");
    }
}

TEST_CASE("HTTP client: one deadline for the whole exchange") {
    constexpr Millis kFarBeyond(60'000);  // an exchange without a deadline would never end
    HttpClient client;
    const auto took = [&](const LoopbackServer& server) {
        HttpRequest request = get(server.url());
        request.timeout = Millis(200);
        const auto start = std::chrono::steady_clock::now();
        CHECK(failure(client, request) == Kind::kTimeout);
        return std::chrono::steady_clock::now() - start;
    };
    SECTION("a server that never answers") {
        LoopbackServer server([](const auto&) { return LoopbackServer::Answer{"", false, true}; });
        CHECK(took(server) < kFarBeyond);
    }
    SECTION("a body that stops half-way") {
        LoopbackServer server([](const auto&) {
            return LoopbackServer::Answer{"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf", false, true};
        });
        CHECK(took(server) < kFarBeyond);
    }
    SECTION("a body that drips without end") {
        LoopbackServer server([](const auto&) {
            LoopbackServer::Answer answer{"HTTP/1.1 200 OK\r\n\r\n"};
            answer.drip = true;
            return answer;
        });
        CHECK(took(server) < kFarBeyond);
    }
}

TEST_CASE("HTTP client: a cut, an oversize and a garbled answer are distinguished") {
    HttpClient client;
    const auto answering = [&](const std::string& bytes, bool close, std::size_t max_body = 1000) {
        LoopbackServer server([&](const auto&) { return LoopbackServer::Answer{bytes, close}; });
        HttpRequest request = get(server.url());
        request.max_body = max_body;
        return failure(client, request);
    };
    CHECK(answering("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf", true) == Kind::kCut);
    CHECK(answering("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n", true) ==
          Kind::kCut);
    CHECK(answering("", true) == Kind::kCut);
    CHECK(answering("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 7\r\n\r\nnotgzip", false) ==
          Kind::kCut);
    CHECK(answering("what is this\r\n\r\n", true) == Kind::kOther);
    CHECK(answering("HTTP/1.1 200 OK\r\nContent-Length: 1001\r\n\r\n" + std::string(1001, 'x'), false) ==
          Kind::kTooLarge);
    CHECK(answering("HTTP/1.1 200 OK\r\n\r\n" + std::string(1001, 'x'), true) == Kind::kTooLarge);
    std::string headers = "HTTP/1.1 200 OK\r\n";
    for (int i = 0; i < 300; ++i) {
        headers += "X-Filler: " + std::string(1000, 'x') + "\r\n";
    }
    CHECK(answering(headers + "\r\n", true) == Kind::kTooLarge);
    LoopbackServer exact([](const auto&) { return LoopbackServer::reply(std::string(1000, 'x')); });
    HttpRequest request = get(exact.url());
    request.max_body = 1000;
    CHECK(client.send(request).body.size() == 1000);
}

TEST_CASE("HTTP client: compressed answers are unpacked, and the limit is on the unpacked size") {
    // printf 'lamda%.0s' $(seq 200) | gzip -9n
    const std::string gzip =
        as_string(from_hex("1f8b0800000000000203cb49cc4d49cc192546895162381300d6256803e8030000").value());
    LoopbackServer server([&](const auto& request) {
        return LoopbackServer::reply(contains(request.head, "gzip") ? gzip : "not asked for", "200 OK",
                                     "Content-Encoding: gzip\r\n");
    });
    HttpClient client;
    HttpRequest request = get(server.url());
    request.max_body = 1000;
    const HttpResponse answer = client.send(request);
    CHECK(answer.body.size() == 1000);
    CHECK(answer.body.starts_with("lamdalamda"));
    request.max_body = 999;
    CHECK(failure(client, request) == Kind::kTooLarge);
}

TEST_CASE("HTTP client: closed port, missing socket, unknown host, unknown scheme") {
    HttpClient client;
    std::string url;
    {
        LoopbackServer gone(echo);
        url = gone.url();
    }
    CHECK(failure(client, get(url)) == Kind::kConnect);
    HttpRequest request = get("http://docker/x");
    request.unix_socket = "/nonexistent/lamda.sock";
    CHECK(failure(client, request) == Kind::kConnect);
    request.unix_socket = "relative.sock";
    CHECK(failure(client, request) == Kind::kBadUrl);
    CHECK(failure(client, get("file:///etc/passwd")) == Kind::kBadUrl);
    CHECK(failure(client, get("ftp://127.0.0.1/")) == Kind::kBadUrl);
    CHECK(failure(client, get("")) == Kind::kBadUrl);
    CHECK(failure(client, get("http://")) == Kind::kBadUrl);
    LoopbackServer plain(echo);
    CHECK(failure(client, get("https" + plain.url().substr(4))) == Kind::kTls);
}

TEST_CASE("HTTP client: bodies, methods and headers arrive as given") {
    LoopbackServer server(echo);
    HttpClient client;
    HttpRequest request = get(server.url("/path?q=1"));
    request.method = "POST";
    request.body = std::string("a\0b", 3) + std::string(2'000'000, 'y');
    request.headers = {{"Content-Type", "application/json"}, {"X-Empty", ""}};
    const HttpResponse posted = client.send(request);
    CHECK(contains(posted.body, "POST /path?q=1 HTTP/1.1"));
    CHECK(contains(posted.body, "Content-Type: application/json"));
    CHECK(contains(posted.body, "X-Empty:"));
    CHECK_FALSE(contains(posted.body, "Expect:"));
    CHECK(posted.body.ends_with("\n\n" + request.body));
    for (const char* method : {"PUT", "DELETE", "PATCH", "GET"}) {
        HttpRequest other = get(server.url());
        other.method = method;
        CHECK(contains(client.send(other).body, std::string(method) + " / HTTP/1.1"));
    }
    LoopbackServer head([](const auto& seen) {
        return seen.method == "HEAD" ? LoopbackServer::Answer{"HTTP/1.1 200 OK\r\nContent-Length: 77\r\n\r\n"}
                                     : LoopbackServer::reply("", "400 Bad Request");
    });
    HttpRequest only_head = get(head.url());
    only_head.method = "HEAD";
    const HttpResponse headed = client.send(only_head);
    CHECK(headed.status == 200);
    CHECK(headed.header("Content-Length") == "77");
    request.headers = {{"X", "a\r\nInjected: yes"}};
    CHECK(failure(client, request) == Kind::kBadUrl);
}

TEST_CASE("HTTP client: no proxy of the environment is used") {
    LoopbackServer server(echo);
    setenv("http_proxy", "http://127.0.0.1:1", 1);
    HttpClient client;
    CHECK(client.send(get(server.url())).status == 200);
    unsetenv("http_proxy");
}

TEST_CASE("HTTP client: files are streamed, plain or as a multipart part") {
    const Folder folder;
    const std::string path = folder.path + "/input.bin";
    const std::string content(300'000, 'z');
    std::ofstream(path) << content;
    LoopbackServer server(echo);
    HttpClient client;
    HttpRequest request = get(server.url());
    request.method = "PUT";
    request.body_file = path;
    const HttpResponse plain = client.send(request);
    CHECK(contains(plain.body, "PUT / HTTP/1.1"));
    CHECK(contains(plain.body, "Content-Length: 300000"));
    CHECK(plain.body.ends_with("\n\n" + content));
    request.method = "POST";
    request.multipart_name = "result.tar";
    const HttpResponse multipart = client.send(request);
    CHECK(contains(multipart.body, "Content-Type: multipart/form-data; boundary="));
    CHECK(contains(multipart.body,
                   "Content-Disposition: form-data; name=\"file\"; filename=\"result.tar\"\r\n"));
    CHECK(contains(multipart.body, "\r\n\r\n" + content + "\r\n--"));
    request.body_file.clear();
    request.body = "in memory";
    CHECK(contains(client.send(request).body, "\r\n\r\nin memory\r\n--"));
    request.body_file = folder.path + "/absent";
    CHECK_THROWS_AS(client.send(request), std::system_error);
    request.multipart_name.clear();
    CHECK_THROWS_AS(client.send(request), std::system_error);
}

TEST_CASE("HTTP client: a unix socket takes the place of host and port") {
    const Folder folder;
    LoopbackServer server(echo, folder.path + "/engine.sock");
    HttpClient client;
    HttpRequest request = get("http://docker/v1.44/_ping");
    request.unix_socket = folder.path + "/engine.sock";
    for (int i = 0; i < 3; ++i) {
        const HttpResponse answer = client.send(request);
        CHECK(contains(answer.body, "GET /v1.44/_ping HTTP/1.1"));
        CHECK(contains(answer.body, "Host: docker"));
    }
    CHECK(server.connections() == 1);
}

TEST_CASE("HTTP client: a streamed body comes in pieces, and can be stopped by either side") {
    LoopbackServer server([](const auto& request) {
        if (request.target == "/whole") {
            return LoopbackServer::reply(contains(request.head, "Accept-Encoding") ? "asked for compression"
                                                                                   : "whole");
        }
        LoopbackServer::Answer answer{"HTTP/1.1 200 OK\r\n\r\n"};
        answer.drip = request.target == "/endless";
        answer.hang = request.target == "/silent";
        return answer;
    });
    HttpClient client;
    HttpRequest request = get(server.url("/whole"));
    std::string got;
    request.on_data = [&](BytesView piece) {
        got += as_string(piece);
        return got.size() < 5;
    };
    request.max_body = 5;
    SECTION("false stops it") {
        CHECK(failure(client, request) == Kind::kCancelled);
        CHECK(got == "whole");
    }
    SECTION("it goes to the callback, not into the answer") {
        request.on_data = [&](BytesView piece) {
            got += as_string(piece);
            return true;
        };
        CHECK(client.send(request).body.empty());
        CHECK(got == "whole");
    }
    SECTION("an exception of the callback is rethrown") {
        request.on_data = [](BytesView) -> bool { throw std::domain_error("disk full"); };
        CHECK_THROWS_AS(client.send(request), std::domain_error);
    }
    SECTION("an endless one, without a deadline") {
        request.url = server.url("/endless");
        request.timeout = Millis(0);
        CHECK(failure(client, request) == Kind::kCancelled);
    }
    SECTION("a silent one, by a stop token") {
        request.url = server.url("/silent");
        request.timeout = Millis(0);
        std::stop_source source;
        request.stop = source.get_token();
        std::thread stopper([&] {
            while (server.requests() == 0) {
                std::this_thread::yield();
            }
            source.request_stop();
        });
        CHECK(failure(client, request) == Kind::kCancelled);
        stopper.join();
    }
}

TEST_CASE("HTTP client: many threads share one client") {
    LoopbackServer server([](const auto& request) { return LoopbackServer::reply(request.target); });
    HttpClient client;
    std::atomic<int> right = 0;
    std::vector<std::thread> threads;
    threads.reserve(8);
    for (int t = 0; t < 8; ++t) {
        threads.emplace_back([&, t] {
            for (int i = 0; i < 50; ++i) {
                const std::string path = "/" + std::to_string(t) + "/" + std::to_string(i);
                right += client.send(get(server.url(path))).body == path ? 1 : 0;
            }
        });
    }
    for (auto& thread : threads) {
        thread.join();
    }
    CHECK(right == 400);
    CHECK(server.connections() <= 8);
}

TEST_CASE("HTTP client: an error names the host, but neither password nor path") {
    HttpClient client;
    try {
        client.send(get("http://user:hunter2@127.0.0.1:1/v3/sekret?key=sekret"));
        FAIL("unexpected answer");
    } catch (const TransportError& error) {
        const std::string what = error.what();
        INFO(what);
        CHECK(contains(what, "http://127.0.0.1:1"));
        CHECK_FALSE(contains(what, "hunter2"));
        CHECK_FALSE(contains(what, "sekret"));
    }
}

TEST_CASE("redact_url and url_encode") {
    CHECK(redact_url("https://user:pass@rpc.example.org:8545/v3/key?x=1#y") ==
          "https://rpc.example.org:8545");
    CHECK(redact_url("http://[::1]:8545/key") == "http://[::1]:8545");
    CHECK(redact_url("http://127.0.0.1") == "http://127.0.0.1");
    CHECK(redact_url("http://user:pa/ss@host/") == "http://(hidden)");
    CHECK(redact_url("http://user:pa#ss") == "http://(hidden)");
    CHECK(redact_url("http://a b") == "http://(hidden)");
    CHECK(redact_url("sekret") == "(not a URL)");
    CHECK(redact_url("") == "(not a URL)");
    CHECK(url_encode("AZaz09-._~") == "AZaz09-._~");
    CHECK(url_encode("a/b c\xc3\xbc%") == "a%2Fb%20c%C3%BC%25");
}
