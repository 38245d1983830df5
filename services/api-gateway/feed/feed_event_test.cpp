#include "services/api-gateway/feed/feed_event.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "http/web_socket.hpp"
#include "services/api-gateway/feed/channel.hpp"
#include "services/api-gateway/feed/feed_request.hpp"
#include "wire/events.hpp"

using namespace lamda;
using namespace lamda::gateway;
using nlohmann::json;

namespace {

const auto kRenter = Address::parse("0x15d34aaf54267db7d7c367839aaf71a00a2c6a65").value();
const auto kProvider = Address::parse("0x90f79bf6eb2c4f870365e785982e1f101e93b906").value();
const auto kJob = JobId::parse("0xfa5b88c98e54fb557c7a560a1913d5b961a60a1a9453b3d8d4f31c083b5fc220").value();

wire::EventCause cause() {
    wire::EventCause out;
    out.id = 42;
    out.at = parse_rfc3339("2026-11-20T10:00:00.000Z").value();
    out.chain_id = ChainId{97};
    out.block = BlockRef{BlockNum{7}, BlockHash{}};
    out.log_index = 3;
    return out;
}

/// The JSON of a message, which is the same in both forms.
std::string text_of(const FeedMessage& message) {
    const auto at = message.bytes->find("data: ") + 6;
    auto out = message.bytes->substr(at, message.bytes->size() - at - 2);
    CHECK(*message.frame == http::text_frame(out));
    return out;
}

http::Request request(std::multimap<std::string, std::string> query,
                      std::map<std::string, std::string> headers = {}) {
    http::Request out;
    out.query = std::move(query);
    out.headers = std::move(headers);
    return out;
}

std::vector<std::string> codes_of(const http::Request& wrong) {
    try {
        parse_feed_request(wrong, 2);
    } catch (const problem::Problem& problem) {
        std::vector<std::string> out;
        for (const auto& error : problem.errors) {
            out.push_back(error.pointer + " " + error.code);
        }
        return out;
    }
    return {};
}

}  // namespace

TEST_CASE("an event of a job belongs to the job, its renter, its provider and all") {
    wire::JobUpdate update;
    update.id = kJob;
    update.status = wire::PublicStatus::kRunning;
    update.attempt = 2;
    update.renter = kRenter;
    update.provider = kProvider;
    const auto body = wire::event_messages(cause(), update).front().body;
    const auto event = feed_event({"0123456789ab", 5}, body);
    CHECK(event.keys == std::vector<std::string>{"global", "jobs?renter=" + kRenter.hex(),
                                                 "jobs?provider=" + kProvider.hex(), "job:" + kJob.hex()});
    const auto shown = json::parse(text_of(event.message));
    CHECK(shown["type"] == "event");
    CHECK(shown["id"] == "0123456789ab-5");
    CHECK(shown["epoch"] == "0123456789ab");
    CHECK(shown["kind"] == "job.running");
    CHECK(shown["at"] == "2026-11-20T10:00:00.000Z");
    CHECK(shown["block_number"] == 7);
    CHECK(shown["log_index"] == 3);
    CHECK(shown["data"]["renter_address"] == "0x15d34AAf54267DB7D7c367839AAf71A00a2C6A65");
    CHECK(shown["data"]["attempt"] == 2);
    CHECK(*event.message.bytes == "id: 0123456789ab-5\ndata: " + text_of(event.message) + "\n\n");
}

TEST_CASE("an event of a node belongs to the node and all, and has no block if presence changed") {
    wire::NodeUpdate update;
    update.provider = kProvider;
    update.change = wire::NodeChange::kOffline;
    auto presence = cause();
    presence.block.reset();
    presence.log_index.reset();
    const auto event = feed_event({"e", 1}, wire::event_messages(presence, update).front().body);
    CHECK(event.keys == std::vector<std::string>{"global", "node:" + kProvider.hex()});
    const auto shown = json::parse(text_of(event.message));
    CHECK(shown["kind"] == "node.offline");
    CHECK(shown["block_number"].is_null());
    CHECK(shown["block_hash"].is_null());
}

TEST_CASE("an event that this release cannot read keeps its number") {
    for (const std::string body : {"", "{}", "[1]", R"({"v":9})", "\xff"}) {
        const auto event = feed_event({"e", 9}, body);
        CHECK(event.keys == std::vector<std::string>{"global"});
        const auto shown = json::parse(text_of(event.message));
        CHECK(shown["kind"] == "unknown");
        CHECK(shown["id"] == "e-9");
    }
}

TEST_CASE("only the last snapshot of a connection moves the client's place") {
    const FeedPlace place{"e", 4};
    const auto first = snapshot_message(place, "global", "null", false);
    CHECK(first.bytes->starts_with("data: "));
    CHECK(json::parse(text_of(first))["id"].is_null());
    const auto last = snapshot_message(place, "global", R"({"a":1})", true);
    CHECK(last.bytes->starts_with("id: e-4\ndata: "));
    CHECK(json::parse(text_of(last)) == json({{"type", "snapshot"},
                                              {"channel", "global"},
                                              {"id", "e-4"},
                                              {"epoch", "e"},
                                              {"data", {{"a", 1}}}}));
    CHECK(text_of(reset_message(ResetReason::kTooOld)) == R"({"type":"reset","reason":"too_old"})");
    CHECK(text_of(drop_message(DropReason::kSlowReader)) == R"({"type":"dropped","reason":"slow_reader"})");
}

TEST_CASE("channels and places are read strictly, and all faults are named") {
    const auto wanted =
        parse_feed_request(request({{"channel", "jobs?renter=" + kRenter.hex()},
                                    {"channel", "jobs?renter=0x15d34AAf54267DB7D7c367839AAf71A00a2C6A65"},
                                    {"after", "e-1"}},
                                   {{"last-event-id", "e-2"}}),
                           2);
    REQUIRE(wanted.channels.size() == 1);
    CHECK(wanted.channels[0].name() == "jobs?renter=0x15d34AAf54267DB7D7c367839AAf71A00a2C6A65");
    CHECK(wanted.after == FeedPlace{"e", 2});
    CHECK(parse_feed_request(request({}), 2).channels.at(0).name() == "global");
    CHECK(parse_feed_request(request({}, {{"last-event-id", ""}}), 2).after == std::nullopt);
    CHECK(
        codes_of(request({{"channel", "jobs"}, {"after", "7"}, {"x", "1"}})) ==
        std::vector<std::string>{"?after invalid_event_id", "?channel invalid_channel", "?x unknown_field"});
    CHECK(codes_of(request({{"channel", "job:0x12"}})).size() == 1);
    CHECK(codes_of(request({{"channel", "node:0x15D34AAf54267DB7D7c367839AAf71A00a2C6A65"}})).size() == 1);
    CHECK(codes_of(request({{"channel", "global"},
                            {"channel", "job:" + kJob.hex()},
                            {"channel", "node:" + kProvider.hex()}})) ==
          std::vector<std::string>{"?channel too_many"});
    CHECK(codes_of(request({{"after", "e-1"}, {"after", "e-1"}})) ==
          std::vector<std::string>{"?after repeated"});
    for (const char* text : {"-1", "e-", "e-x", "e--1", "e-18446744073709551616", "e-1 "}) {
        CHECK_FALSE(FeedPlace::parse(text));
    }
}
