// WebSocket clients of the live feed, over sockets.
#include <catch2/catch.hpp>

#include "http/testing/raw_client.hpp"
#include "services/api-gateway/testing/documented_api.hpp"
#include "services/api-gateway/testing/feed_scene.hpp"

using namespace lamda;
using namespace lamda::gateway;

namespace {

const std::string kHandshake =
    "Upgrade: websocket\r\nConnection: keep-alive, Upgrade\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";

struct Socket {
    explicit Socket(int port, const std::string& query = "", const std::string& headers = kHandshake)
        : client(port) {
        client.send("GET /api/ws" + query + " HTTP/1.1\r\nHost: x\r\n" + headers + "\r\n");
        head = client.read_until("\r\n\r\n");
    }
    /// Sends a masked frame (RFC 6455, section 5.2) with less than 64 KiB.
    bool send(const std::string& payload, unsigned char first = 0x81) {
        std::string out(1, static_cast<char>(first));
        if (payload.size() < 126) {
            out += static_cast<char>(0x80 | payload.size());
        } else {
            out += static_cast<char>(0xFE);
            out += static_cast<char>(payload.size() >> 8);
            out += static_cast<char>(payload.size() & 0xFF);
        }
        return client.send(out + std::string(4, '\0') + payload);
    }
    void ask(const json& request) { send(request.dump()); }
    std::string take(std::size_t bytes) {
        auto out = client.read_bytes(bytes);
        REQUIRE(out.size() == bytes);
        return out;
    }
    /// The payload of the next frame with this first byte; Pings are left out.
    std::string payload(unsigned char wanted) {
        while (true) {
            const auto two = take(2);
            const auto byte = [](char c) { return static_cast<std::size_t>(static_cast<unsigned char>(c)); };
            auto size = byte(two[1]);
            if (size >= 126) {
                const auto more = take(size == 126 ? 2 : 8);
                size = 0;
                for (const char c : more) {
                    size = (size << 8) | byte(c);
                }
            }
            auto out = take(size);
            if (byte(two[0]) != 0x89) {
                CHECK(byte(two[0]) == wanted);
                return out;
            }
        }
    }
    json next() { return json::parse(payload(0x81), nullptr, false); }
    int close_code() {
        const auto payload = this->payload(0x88);
        return (static_cast<unsigned char>(payload.at(0)) << 8) | static_cast<unsigned char>(payload.at(1));
    }
    http::RawClient client;
    std::string head;
};

json subscribe_to(const std::vector<std::string>& channels) {
    return {{"type", "subscribe"}, {"channels", channels}};
}

}  // namespace

TEST_CASE("a WebSocket client subscribes, gets snapshots and events, and unsubscribes") {
    Gateway gateway;
    gateway.add_job(1);
    Socket socket(gateway.port, "", kHandshake + "Origin: " + kOrigin + "\r\n");
    CHECK(socket.head.starts_with("HTTP/1.1 101"));
    // The sample of RFC 6455, section 1.3.
    CHECK(socket.head.find("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=") != std::string::npos);
    CHECK(socket.head.find("Connection: Upgrade") != std::string::npos);
    for (const char* none : {"\r\nContent-Length:", "\r\nContent-Type:"}) {
        CHECK(socket.head.find(none) == std::string::npos);
    }
    const auto job = "job:" + id_of(1);
    socket.ask(subscribe_to({job}));
    CHECK(socket.next() == json({{"type", "subscribed"}, {"channels", {job}}}));
    const auto snapshot = socket.next();
    CHECK(snapshot["type"] == "snapshot");
    CHECK(snapshot["data"]["id"] == id_of(1));
    socket.ask(subscribe_to({"global"}));
    CHECK(socket.next()["channels"] == json({"global"}));
    CHECK(socket.next()["channel"] == "global");
    add_event(gateway, 1, 1);
    add_event(gateway, 2, 2);
    CHECK(socket.next()["data"]["attempt"] == 1);
    const auto second = socket.next();
    CHECK(second["data"]["attempt"] == 2);
    CHECK(keys_of(second) == Documented().properties.at("FeedEvent"));
    socket.ask({{"type", "unsubscribe"}, {"channels", {"global"}}});
    CHECK(socket.next()["type"] == "unsubscribed");
    add_event(gateway, 2, 3);
    add_event(gateway, 1, 4);
    CHECK(socket.next()["data"]["attempt"] == 4);

    Socket later(gateway.port, "?channel=global&after=" + second["id"].get<std::string>());
    CHECK(later.next()["data"]["attempt"] == 3);
    CHECK(later.next()["data"]["attempt"] == 4);
    later.send("payload", 0x89);
    CHECK(later.payload(0x8A) == "payload");
    later.send(std::string("\x03\xe8", 2), 0x88);
    CHECK(later.close_code() == 1000);
    CHECK(later.client.closed_within(std::chrono::seconds(20)));
    CHECK(testkit::wait_until([&] { return gateway.feed.listeners() == 1; }));
}

TEST_CASE("wrong requests of a WebSocket client are answered with every fault, and change nothing") {
    Gateway gateway;
    Socket socket(gateway.port);
    const auto faults = [&](const std::string& text) {
        socket.send(text);
        const auto answer = socket.next();
        CHECK(answer["type"] == "error");
        std::set<std::string> out;
        for (const auto& error : answer["errors"]) {
            out.insert(error["pointer"].get<std::string>());
        }
        return out;
    };
    CHECK(faults("") == std::set<std::string>{});
    CHECK(faults("[]") == std::set<std::string>{});
    CHECK(faults(std::string(4'000, '[')) == std::set<std::string>{});
    CHECK(faults("{}") == std::set<std::string>{"/type"});
    CHECK(faults(R"({"type":"subscribe"})") == std::set<std::string>{"/channels"});
    CHECK(faults(R"({"type":"listen","channels":["global","x",1],"after":"y","z":1})") ==
          std::set<std::string>{"/type", "/channels/1", "/channels/2", "/after", "/z"});
    std::vector<std::string> many;
    for (unsigned i = 0; i < 17; ++i) {
        many.push_back("job:" + id_of(i));
    }
    CHECK(faults(subscribe_to(many).dump()) == std::set<std::string>{"/channels"});
    socket.ask(subscribe_to({"global"}));
    CHECK(socket.next()["type"] == "subscribed");
    socket.send(std::string(9'000, ' '));
    while (socket.next()["type"] != "snapshot") {
    }
    CHECK(socket.close_code() == 1009);
}

TEST_CASE("a handshake that is none is refused, and a foreign origin too") {
    Gateway gateway;
    const auto status = [&](const std::string& headers) {
        return Socket(gateway.port, "", headers).head.substr(9, 3);
    };
    CHECK(status("") == "426");
    CHECK(status("Upgrade: h2c\r\nConnection: Upgrade\r\n") == "426");
    CHECK(status("Upgrade: websocket\r\nSec-WebSocket-Version: 8\r\n") == "426");
    CHECK(status(kHandshake + "Origin: https://foreign.example\r\n") == "403");
    CHECK(status("Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: short\r\n") == "400");
    CHECK(gateway.send("HEAD", "/api/ws").status == 426);
    CHECK(gateway.get("/api/ws").body["code"] == "upgrade_required");
    CHECK(Socket(gateway.port, "", "").head.find("Upgrade: websocket") != std::string::npos);
}

TEST_CASE("a WebSocket client that sends without reading is cut off, and others are served") {
    Gateway gateway;
    Socket flood(gateway.port);
    const std::string request = R"({"type":"subscribe","channels":["global"]})";
    const auto is_cut_off = [&] {
        for (int i = 0; i < 1'000; ++i) {
            if (!flood.send(request)) {
                return true;
            }
        }
        return false;
    };
    CHECK(testkit::wait_until(is_cut_off));
    CHECK(testkit::wait_until([&] { return gateway.feed.listeners() == 0; }));
    Socket other(gateway.port, "?channel=global");
    CHECK(other.next()["type"] == "snapshot");
}
