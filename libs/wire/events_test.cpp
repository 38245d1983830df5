// Events as sent, compared with their specification in proto/messages.
#include "wire/events.hpp"

#include <catch2/catch.hpp>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>

#include "testkit/servers.hpp"
#include "wire/messages.hpp"

using namespace lamda;
using namespace lamda::wire;
using nlohmann::json;

namespace {

const JobId kJob = *JobId::parse("0xfa5b88c98e54fb557c7a560a1913d5b961a60a1a9453b3d8d4f31c083b5fc220");
const Address kProvider = *Address::parse("0x90f79bf6eb2c4f870365e785982e1f101e93b906");
const Address kRenter = *Address::parse("0x15d34aaf54267db7d7c367839aaf71a00a2c6a65");

std::string text_of(const std::string& path) {
    std::ifstream in(testkit::source_dir() + "/" + path);
    return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

std::vector<std::string> promised_kinds() {
    return json::parse(text_of("proto/messages/event.v1.schema.json"))
        .at("properties")
        .at("kind")
        .at("enum")
        .get<std::vector<std::string>>();
}

/// True if the text contains the word in backticks, as documents write kinds.
bool names(const std::string& text, const std::string& word) {
    return text.find("`" + word + "`") != std::string::npos;
}

}  // namespace

TEST_CASE("schema and protocol.md list exactly the kinds that are sent") {
    CHECK(event_kinds() == promised_kinds());
    const auto page = text_of("docs/protocol.md");
    for (const auto& kind : event_kinds()) {
        INFO(kind);
        CHECK(names(page, kind));
    }
}

TEST_CASE("each public status has a kind") {
    std::set<std::string> kinds;
    for (const auto chain :
         {ChainState::kAbsent, ChainState::kCreated, ChainState::kConfirmed, ChainState::kPaid}) {
        kinds.insert(event_kind(public_status(chain, std::nullopt)));
    }
    for (int work = 0; work <= static_cast<int>(WorkState::kExpired); ++work) {
        kinds.insert(event_kind(public_status(ChainState::kCreated, static_cast<WorkState>(work))));
    }
    const auto promised = promised_kinds();
    for (const auto& kind : kinds) {
        INFO(kind);
        CHECK(std::count(promised.begin(), promised.end(), kind) == 1);
    }
}

TEST_CASE("the event of a created job equals the sample") {
    const EventCause cause{42, parse_rfc3339("2026-11-20T10:00:00.000Z").value(), ChainId{97},
                           BlockRef{BlockNum{48123456}, *BlockHash::parse("0x" +
                                                                          [] {
                                                                              std::string out;
                                                                              for (int i = 0; i < 32; ++i) {
                                                                                  out += "b1";
                                                                              }
                                                                              return out;
                                                                          }())},
                           3};
    const auto messages =
        event_messages(cause, JobUpdate{kJob, PublicStatus::kCreated, 0, kRenter, kProvider});
    REQUIRE(messages.size() == 2);
    for (const auto& message : messages) {
        CHECK(json::parse(message.body) == json::parse(text_of("proto/messages/event.v1.sample.json")));
    }
    CHECK(messages[0].subject == "events.job." + kJob.hex());
    CHECK(messages[0].message_id == "event:42:events.job." + kJob.hex());
    CHECK(messages[1].subject == "events.global");
    CHECK(messages[1].message_id == "event:42:events.global");
}

TEST_CASE("events of a job and a node with equal journal ids have different message ids") {
    const EventCause cause{7, {}, ChainId{97}, std::nullopt, std::nullopt};
    std::set<std::string> ids;
    std::size_t count = 0;
    const auto note = [&](const std::vector<EventMessage>& messages) {
        for (const auto& message : messages) {
            ids.insert(message.message_id);
            ++count;
            CHECK(parse_event(message.body));
        }
    };
    const JobUpdate job{kJob, PublicStatus::kRetracted, 1, kRenter, kProvider};
    note(event_messages(cause, job));
    note(event_messages(cause, job, "unwound"));
    note(event_messages(cause, NodeUpdate{kProvider, NodeChange::kOnline, "RTX", 24576, true, 3}));
    CHECK(ids.size() == count);
    CHECK(ids.contains("event:7:events.global:unwound"));
    CHECK(ids.contains("event:7:events.global:node"));
}

TEST_CASE("numbers in a node's event are exact: decimal strings above 2^53") {
    NodeUpdate update{kProvider,    NodeChange::kRegistered, "a \"name\"\n", (U256(1) << 53) - 1, false,
                      U256(1) << 53};
    const auto data = json::parse(event_messages({}, update).front().body).at("data");
    CHECK(data.at("vram") == 9007199254740991);
    CHECK(data.at("total_jobs_completed") == "9007199254740992");
    CHECK(data.at("reputation_score") == "9007199254740992");
    CHECK(data.at("gpu_model") == "a \"name\"\n");
    CHECK(data.at("wallet_address") == kProvider.hex());
}
