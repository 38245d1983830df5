// The judge finds each kind of broken promise.
#include "chaos/market/history.hpp"

#include <catch2/catch.hpp>

using namespace lamda;
using namespace lamda::chaos;

namespace {

JobId job(std::uint8_t number) {
    JobId id;
    id.array().fill(number);
    return id;
}

std::string container(std::uint8_t number, int attempt) {
    return "lamda-" + job(number).hex() + "-" + std::to_string(attempt);
}

/// One job that is paid, and one that fails, both as they must.
History good() {
    History out;
    out.expected[job(1)] = {"success", {"paid"}, {}, "A\n"};
    out.expected[job(2)] = {"failure", {"failed"}, {"exit_nonzero"}, std::nullopt};
    out.sightings[job(1)] = {{"assigned", 1, "", ""}, {"completed", 2, "", "cid"}, {"paid", 2, "", "cid"}};
    out.sightings[job(2)] = {{"running", 1, "", ""}, {"failed", 1, "exit_nonzero: exit code 3", ""}};
    out.outputs[job(1)] = "A\n";
    out.rewards[job(1)] = 1;
    out.containers = {{container(1, 1), true, 1}, {container(1, 1), false, 2}, {container(1, 2), true, 3}};
    out.feed.snapshots = 1;
    out.feed.entries = {{7, job(1), "assigned"},
                        {8, job(2), "running"},
                        {9, std::nullopt, ""},
                        {10, job(2), "failed"},
                        {11, job(1), "paid"}};
    return out;
}

}  // namespace

TEST_CASE("a run that kept every promise has no fault") {
    CHECK(judge(good()).empty());
}

TEST_CASE("each broken promise is found") {
    struct Case {
        const char* name;
        void (*breach)(History&);
        const char* fault;
    };
    const std::vector<Case> cases{
        {"lost", [](History& h) { h.sightings.erase(job(1)); }, "never seen"},
        {"unfinished", [](History& h) { h.sightings[job(1)].pop_back(); }, "ended as completed"},
        {"wrong reason", [](History& h) { h.sightings[job(2)].back().error = "oom"; }, "ended as failed"},
        {"attempt goes back", [](History& h) { h.sightings[job(1)].back().attempt = 1; }, "went back"},
        {"back from its end", [](History& h) { h.sightings[job(2)].push_back({"running", 2, "", ""}); },
         "after its end"},
        {"no output", [](History& h) { h.outputs.clear(); }, "no output is known"},
        {"another output", [](History& h) { h.outputs[job(1)] = "B\n"; }, "its output"},
        {"rewarded twice", [](History& h) { h.rewards[job(1)] = 2; }, "rewarded 2 times"},
        {"rewarded for a failure", [](History& h) { h.rewards[job(2)] = 1; }, "rewarded 1 times"},
        {"started twice", [](History& h) { h.containers.push_back({container(1, 1), true, 9}); },
         "started twice"},
        {"two at one time", [](History& h) { h.containers[1].at = 4; }, "started while"},
        {"event lost", [](History& h) { h.feed.entries.erase(h.feed.entries.begin() + 2); },
         "live feed: event 10 after event 8"},
        {"event repeated", [](History& h) { h.feed.entries.push_back(h.feed.entries.back()); },
         "live feed: event 11 after event 11"},
        {"last event lost", [](History& h) { h.feed.entries.pop_back(); },
         "is paid, the live feed says assigned"},
        {"feed interrupted", [](History& h) { h.feed.interruptions.push_back("reset too_old"); },
         "live feed: reset too_old"},
        {"feed begun again", [](History& h) { h.feed.snapshots = 2; }, "live feed: 2 snapshots"},
        {"left over", [](History& h) { h.leftovers.push_back("container x"); }, "left over: container x"},
    };
    for (const auto& each : cases) {
        INFO(each.name);
        auto history = good();
        each.breach(history);
        const auto faults = judge(history);
        REQUIRE_FALSE(faults.empty());
        CHECK(faults.front().find(each.fault) != std::string::npos);
    }
}

TEST_CASE("a killed engine ends its containers") {
    auto history = good();
    history.containers[1].at = 9;  // the end was never reported in time
    history.engine_kills = {2};
    CHECK(judge(history).empty());
}

TEST_CASE("a feed has caught up when it shows the end of every job") {
    auto history = good();
    CHECK(has_caught_up(history.feed, history));
    history.feed.entries.pop_back();
    CHECK_FALSE(has_caught_up(history.feed, history));
}

TEST_CASE("a paid job whose output is not known yet has not ended") {
    auto history = good();
    auto& seen = history.sightings[job(1)];
    CHECK(has_ended(history.expected[job(1)], seen));
    seen.back().output_cid.clear();
    CHECK_FALSE(has_ended(history.expected[job(1)], seen));
    CHECK(has_ended(history.expected[job(2)], history.sightings[job(2)]));
}
