// Tests of the comparison of streams with their recorded positions.
#include <catch2/catch.hpp>

#include "outbox/stream_position.hpp"

using namespace lamda::outbox;
using lamda::bus::StreamState;
using Names = std::set<std::string>;

TEST_CASE("a stream has lost messages if it was created again, is behind its position, or is marked") {
    struct Case {
        const char* name;
        StreamPosition recorded;
        StreamState state;
        bool lost;
    };
    const auto each = GENERATE(Case{"unchanged", {7, 12, false}, {7, 12}, false},
                               Case{"ahead", {7, 12, false}, {7, 13}, false},
                               Case{"cut back by one", {7, 12, false}, {7, 11}, true},
                               Case{"created again", {7, 12, false}, {8, 40}, true},
                               Case{"creation time not known yet", {0, 12, false}, {8, 12}, false},
                               Case{"creation time not known yet, cut back", {0, 12, false}, {8, 11}, true},
                               Case{"marked, grown beyond its position since", {7, 12, true}, {7, 40}, true});
    INFO(each.name);
    CHECK(lost_streams({{"JOBS", each.recorded}}, {{"JOBS", each.state}}) ==
          (each.lost ? Names{"JOBS"} : Names{}));
}

TEST_CASE("a stream without a recorded position has lost nothing") {
    CHECK(lost_streams({}, {{"JOBS", {7, 12}}}).empty());
    CHECK(reused_sequences({}, {{"JOBS", {1, 2}}}).empty());
}

TEST_CASE("a sequence that was acknowledged before shows a stream that was cut back") {
    const StreamPositions recorded{{"JOBS", {7, 12, false}}, {"RETRACT", {7, 3, false}}};
    CHECK(reused_sequences(recorded, {{"JOBS", {13, 20}}, {"RETRACT", {4, 4}}}).empty());
    CHECK(reused_sequences(recorded, {{"JOBS", {12, 20}}, {"RETRACT", {4, 4}}}) == Names{"JOBS"});
    CHECK(reused_sequences(recorded, {{"JOBS", {1, 40}}, {"RETRACT", {3, 4}}}) == Names{"JOBS", "RETRACT"});
}
