// Clients of the live feed, over sockets.
#include <catch2/catch.hpp>

#include "http/testing/raw_client.hpp"
#include "services/api-gateway/testing/documented_api.hpp"
#include "services/api-gateway/testing/feed_scene.hpp"

using namespace lamda;
using namespace lamda::gateway;

namespace {

struct Listener {
    Listener(int port, const std::string& query, const std::string& headers = "") : client(port) {
        client.send("GET /api/events" + query + " HTTP/1.1\r\nHost: x\r\n" + headers + "\r\n");
        head = client.read_until("\r\n\r\n");
    }
    /// The next message; its `last_id` is that of the frame.
    json next() {
        std::string frame;
        do {
            frame = client.read_until("\n\n");
        } while (frame == ":\n\n");
        if (frame.starts_with("id: ")) {
            last_id = frame.substr(4, frame.find('\n') - 4);
        }
        const auto at = frame.find("data: ");
        return at == std::string::npos ? json() : json::parse(frame.substr(at + 6), nullptr, false);
    }
    std::vector<int> attempts(int count) {
        std::vector<int> out;
        for (int i = 0; i < count; ++i) {
            out.push_back(next()["data"].value("attempt", -1));
        }
        return out;
    }
    http::RawClient client;
    std::string head;
    std::string last_id;
};

std::string channel_of(unsigned job) {
    return "?channel=job:" + id_of(job);
}

}  // namespace

TEST_CASE("the feed begins with a snapshot, and continues with every event of the channel") {
    Gateway gateway;
    gateway.add_job(1);
    add_event(gateway, 1, 1);
    // The hub must have read it: otherwise the event comes after the snapshot.
    REQUIRE(testkit::wait_until([&] { return gateway.feed.newest()->seq == 1; }));
    Listener one(gateway.port, channel_of(1), std::string("Origin: ") + kOrigin + "\r\n");
    CHECK(one.head.starts_with("HTTP/1.1 200"));
    CHECK(one.head.find("Content-Type: text/event-stream") != std::string::npos);
    CHECK(one.head.find("Access-Control-Allow-Origin: " + std::string(kOrigin)) != std::string::npos);
    const auto snapshot = one.next();
    CHECK(snapshot["type"] == "snapshot");
    CHECK(snapshot["channel"] == "job:" + id_of(1));
    CHECK(snapshot["data"] == gateway.get("/api/jobs/" + id_of(1)).body);
    Listener other(gateway.port, channel_of(2));
    CHECK(other.next()["data"].is_null());
    Listener renter(gateway.port, "?channel=jobs%3Frenter%3D" + kRenter.hex());
    CHECK(renter.next()["data"]["items"].size() == 1);
    Listener all(gateway.port, "");
    CHECK(all.next()["channel"] == "global");
    add_event(gateway, 2, 2);
    add_event(gateway, 1, 3);
    CHECK(one.attempts(1) == std::vector<int>{3});
    CHECK(one.last_id.ends_with("-3"));
    CHECK(other.attempts(1) == std::vector<int>{2});
    CHECK(renter.attempts(2) == std::vector<int>{2, 3});
    CHECK(all.attempts(2) == std::vector<int>{2, 3});
}

TEST_CASE(
    "a client continues after its last event on any gateway, also a new one, without a gap or a repetition") {
    Gateway gateway;
    gateway.add_job(1);
    std::string place;
    {
        Listener first(gateway.port, channel_of(1));
        first.next();
        add_event(gateway, 1, 1);
        add_event(gateway, 1, 2);
        CHECK(first.attempts(2) == std::vector<int>{1, 2});
        place = first.last_id;
    }
    add_event(gateway, 1, 3);
    add_event(gateway, 2, 4);
    add_event(gateway, 1, 5);

    // A gateway that has just started on the same database.
    FeedHub hub({}, gateway.metrics);
    FeedReader reader(gateway.served, hub, gateway.clock, telemetry::Log::none());
    WebSocketSessions sessions;
    const Parts parts{gateway.settings, gateway.served,           gateway.bus,      gateway.health,
                      gateway.memory,   gateway.followers,        gateway.inputs,   gateway.rates,
                      gateway.tokens,   gateway.contract_wallets, gateway.sign_ins, hub,
                      sessions,         gateway.downloads,        gateway.uploads};
    http::Server server(server_config(gateway.memory), gateway.clock, telemetry::Log::none(),
                        gateway.metrics);
    add_routes(server, parts);
    const int port = server.start();
    const Listener early(port, channel_of(1));
    CHECK(early.head.starts_with("HTTP/1.1 503"));
    CHECK(early.head.find("Retry-After: 1") != std::string::npos);
    while (reader.poll_once()) {
    }
    Listener browser(port, channel_of(1), "Last-Event-ID: " + place + "\r\n");
    CHECK(browser.attempts(2) == std::vector<int>{3, 5});
    Listener script(port, channel_of(1) + "&after=" + place);
    CHECK(script.attempts(2) == std::vector<int>{3, 5});
    INFO("the other gateway has read further than this one");
    add_event(gateway, 1, 6);
    add_event(gateway, 1, 7);
    Listener ahead(gateway.port, channel_of(1) + "&after=" + browser.last_id);
    CHECK(ahead.attempts(1) == std::vector<int>{6});
    Listener behind(port, channel_of(1) + "&after=" + ahead.last_id);
    while (reader.poll_once()) {
    }
    CHECK(behind.attempts(1) == std::vector<int>{7});
    CHECK(browser.attempts(2) == std::vector<int>{6, 7});
}

TEST_CASE("a client whose place is unknown gets the reason and a snapshot") {
    Gateway gateway;
    gateway.add_job(1);
    add_event(gateway, 1, 1);
    REQUIRE(testkit::wait_until([&] { return gateway.feed.newest()->seq == 1; }));
    const auto epoch = gateway.feed.newest()->epoch;
    for (const auto& [place, reason] : {std::pair<std::string, std::string>{"0123456789ab-1", "other_epoch"},
                                        {epoch + "-99", "unknown_id"}}) {
        Listener listener(gateway.port, channel_of(1) + "&after=" + place);
        CHECK(listener.next() == json({{"type", "reset"}, {"reason", reason}}));
        CHECK(listener.next()["type"] == "snapshot");
        CHECK(listener.last_id == epoch + "-1");
    }
    INFO("the database was restored: another timeline");
    Listener listener(gateway.port, channel_of(1));
    listener.next();
    gateway.database.transact([](store::Txn& txn) {
        txn.exec("UPDATE bus.feed_position SET made_as = gen_random_uuid()");
        txn.notify("lamda_feed");
    });
    CHECK(listener.next() == json({{"type", "dropped"}, {"reason", "other_epoch"}}));
    CHECK(listener.client.closed_within(std::chrono::seconds(20)));
    Listener again(gateway.port, channel_of(1) + "&after=" + listener.last_id);
    CHECK(again.next()["reason"] == "other_epoch");
}

TEST_CASE("the feed refuses pages of foreign origins and unusable requests") {
    Gateway gateway;
    const Listener foreign(gateway.port, "", "Origin: https://foreign.example\r\n");
    CHECK(foreign.head.starts_with("HTTP/1.1 403"));
    const Listener own(gateway.port, "", "Origin: http://x\r\n");
    CHECK(own.head.starts_with("HTTP/1.1 200"));
    const auto wrong = gateway.get("/api/events?channel=x&after=1");
    CHECK(wrong.status == 400);
    CHECK(pointers_of(wrong.body) == std::set<std::string>{"?channel", "?after"});
    CHECK(gateway.send("POST", "/api/events", "{}").status == 405);
}

TEST_CASE("a listener that went makes room for the next one") {
    FeedHub::Limits limits;
    limits.listeners = 1;
    Gateway gateway(config(), limits);
    {
        const Listener first(gateway.port, "");
        REQUIRE(first.head.starts_with("HTTP/1.1 200"));
        const Listener second(gateway.port, "");
        CHECK(second.head.starts_with("HTTP/1.1 503"));
        CHECK(second.head.find("Retry-After: 10") != std::string::npos);
    }
    CHECK(testkit::wait_until([&] { return Listener(gateway.port, "").head.starts_with("HTTP/1.1 200"); }));
}
