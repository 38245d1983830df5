#include "services/node-registry/ingest/node_fold.hpp"

#include <catch2/catch.hpp>
#include <random>
#include <vector>

using namespace lamda;
using namespace lamda::registry;

namespace {

NodeEvent event(NodeFact fact, std::uint64_t block) {
    NodeEvent out;
    out.provider = Address{};
    out.fact = fact;
    out.block.number = BlockNum{block};
    out.at = from_unix_seconds(1'790'000'000 + block);
    out.gpu_model = "RTX";
    out.vram = 24'576;
    out.new_count = block;
    return out;
}

}  // namespace

TEST_CASE("a node's row shows registration, heartbeat and count") {
    const std::vector<NodeEvent> journal{event(NodeFact::kRegistered, 1), event(NodeFact::kHeartbeat, 5),
                                         event(NodeFact::kJobCounted, 7)};
    const auto row = fold(journal);
    REQUIRE(row);
    CHECK(row->is_registered);
    CHECK(row->gpu_model == "RTX");
    CHECK((row->vram == 24'576));
    CHECK((row->job_count == 7));
    CHECK((row->created_at == journal[0].at));
    CHECK((row->last_seen == journal[1].at));
    CHECK((row->updated_at == journal[2].at));
}

TEST_CASE("a node with a count before its registration has a row and is not registered") {
    const std::vector<NodeEvent> journal{event(NodeFact::kJobCounted, 3)};
    CHECK_FALSE(fold(journal)->is_registered);
}

TEST_CASE("a node without entries has no row; a change of ownership concerns no node") {
    CHECK_FALSE(fold({}));
    auto transfer = event(NodeFact::kOwnershipTransferred, 1);
    transfer.provider.reset();
    CHECK_FALSE(fold(std::vector<NodeEvent>{transfer}));
}

TEST_CASE("an unwind restores the row of before the forward step") {
    const auto seed = std::random_device{}();
    INFO("seed " << seed);
    std::mt19937 random(seed);
    for (int round = 0; round < 200; ++round) {
        std::vector<NodeEvent> journal;
        for (std::uint64_t block = 1; block <= 20; ++block) {
            journal.push_back(event(static_cast<NodeFact>(random() % 3), block));
        }
        const std::size_t cut = random() % journal.size();
        std::optional<NodeRow> forward;
        for (std::size_t i = 0; i < cut; ++i) {
            apply_event(forward, journal[i]);
        }
        REQUIRE((fold(std::span(journal).first(cut)) == forward));
    }
}

TEST_CASE("an event's body survives a round trip through JSON") {
    for (const auto fact : {NodeFact::kRegistered, NodeFact::kHeartbeat, NodeFact::kJobCounted}) {
        const auto before = event(fact, 9);
        NodeEvent after;
        after.fact = fact;
        REQUIRE(read_body(body_json(before), after));
        CHECK(body_json(after) == body_json(before));
        CHECK(parse_node_fact(to_string(fact)).value() == fact);
    }
    NodeEvent registered;
    registered.fact = NodeFact::kRegistered;
    CHECK(read_body("{}", registered).error().code == "invalid_body");
}
