// Effects of journal entries on a job's states, and their reasons.
#include "views/job_history.hpp"

#include <catch2/catch.hpp>

#include "views/cursor.hpp"

using namespace lamda;
using namespace lamda::views;
using wire::ChainState;
using wire::WorkState;

namespace {

/// Applies entries that have an effect.
JobStates after(const std::vector<std::string>& kinds) {
    JobStates states;
    for (const auto& kind : kinds) {
        CAPTURE(kind);
        CHECK_FALSE(apply_entry(states, {kind, false, std::nullopt}));
    }
    return states;
}

std::vector<std::string> faults_of(const std::multimap<std::string, std::string>& values) {
    try {
        (void)history_query(JobId{}, {values, "?"});
    } catch (const problem::Problem& problem) {
        std::vector<std::string> out;
        for (const auto& error : problem.errors) {
            out.push_back(error.pointer);
        }
        return out;
    }
    return {};
}

}  // namespace

TEST_CASE("an entry moves the states as the table of transitions says") {
    auto states = after({"created", "spec_missing", "assignable", "accepted", "running", "running"});
    CHECK(states == JobStates{ChainState::kCreated, WorkState::kRunning});
    CHECK(after({"created", "assignable", "completed", "confirmed", "claimed"}) ==
          JobStates{ChainState::kPaid, WorkState::kCompleted});
}

TEST_CASE("an entry without effect has a reason") {
    auto states = after({"created", "assignable", "completed"});
    const auto before = states;
    CHECK(apply_entry(states, {"running", false, std::nullopt}) == "running does not follow completed");
    CHECK(apply_entry(states, {"running", false, "superseded by attempt 2"}) == "superseded by attempt 2");
    CHECK(apply_entry(states, {"created", false, std::nullopt}) == "the job exists already");
    CHECK(apply_entry(states, {"confirmed", true, std::nullopt}) == "its block is no longer canonical");
    CHECK(states == before);
    JobStates nothing;
    CHECK(apply_entry(nothing, {"confirmed", false, std::nullopt}) == "no canonical block creates the job");
    CHECK(apply_entry(nothing, {"running", false, std::nullopt}));
    CHECK(nothing == JobStates{});
}

TEST_CASE("a job that is created again in another block is evaluated again, unless its work has ended") {
    JobStates states;
    CHECK(apply_entry(states, {"created", true, std::nullopt}) == "its block is no longer canonical");
    CHECK_FALSE(apply_entry(states, {"assignable", false, std::nullopt}));
    CHECK_FALSE(apply_entry(states, {"created", false, std::nullopt}));
    CHECK(states == JobStates{ChainState::kCreated, std::nullopt});
}

TEST_CASE("a cursor of the history is its own: others, and invented states, are refused") {
    CHECK(faults_of({{"cursor", encode_cursor({"7", "created", "running"})}, {"limit", "3"}}).empty());
    CHECK(history_query(JobId{}, {{{"cursor", encode_cursor({"7", "paid", ""})}}, "?"}).before ==
          JobStates{ChainState::kPaid, std::nullopt});
    const std::vector<std::string> refused{"?cursor"};
    for (const auto& cursor :
         {encode_cursor({"7"}), encode_cursor({"7", "lost", ""}), encode_cursor({"7", "created", "lost"}),
          encode_cursor({"x", "", ""}), std::string("x"), std::string()}) {
        CAPTURE(cursor);
        CHECK(faults_of({{"cursor", cursor}}) == refused);
    }
    CHECK(faults_of({{"cursor", "x"}, {"cursor", "y"}}) == refused);
}
