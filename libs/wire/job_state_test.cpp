#include "wire/job_state.hpp"

#include <catch2/catch.hpp>
#include <fstream>
#include <map>
#include <set>
#include <vector>

#include "testkit/process.hpp"

using namespace lamda::wire;

namespace {

using From = std::optional<WorkState>;

const std::vector<From> kPlaces{
    std::nullopt,         WorkState::kAwaitingSpec, WorkState::kAwaitingProvider, WorkState::kMismatched,
    WorkState::kAssigned, WorkState::kAccepted,     WorkState::kRunning,          WorkState::kCompleted,
    WorkState::kFailed,   WorkState::kCancelled,    WorkState::kExpired};
const std::vector<WorkFact> kFacts{
    WorkFact::kSpecMissing, WorkFact::kSpecContradicts,  WorkFact::kProviderUnknown, WorkFact::kAssignable,
    WorkFact::kAccepted,    WorkFact::kRunning,          WorkFact::kCompleted,       WorkFact::kRetry,
    WorkFact::kExhausted,   WorkFact::kFailedForGood,    WorkFact::kSpecExpired,     WorkFact::kSetCancelled,
    WorkFact::kSetFailed,   WorkFact::kProviderDraining, WorkFact::kProviderBack};

std::string name(From place) {
    return place ? std::string(to_string(*place)) : "-";
}

/// The documented table, restated: fact → state before → state after. "-" is the state before the first
/// assessment.
const std::map<std::string, std::map<std::string, std::string>> kDocumented{
    {"spec_missing", {{"-", "awaiting_spec"}}},
    {"spec_contradicts",
     {{"-", "mismatched"}, {"awaiting_spec", "mismatched"}, {"awaiting_provider", "mismatched"}}},
    {"provider_unknown",
     {{"-", "awaiting_provider"},
      {"awaiting_spec", "awaiting_provider"},
      {"awaiting_provider", "awaiting_provider"}}},
    {"assignable", {{"-", "assigned"}, {"awaiting_spec", "assigned"}, {"awaiting_provider", "assigned"}}},
    {"accepted", {{"assigned", "accepted"}}},
    {"running", {{"assigned", "running"}, {"accepted", "running"}, {"running", "running"}}},
    {"completed", {{"assigned", "completed"}, {"accepted", "completed"}, {"running", "completed"}}},
    {"retry", {{"assigned", "assigned"}, {"accepted", "assigned"}, {"running", "assigned"}}},
    {"exhausted", {{"assigned", "expired"}, {"accepted", "failed"}, {"running", "failed"}}},
    {"failed_for_good", {{"assigned", "failed"}, {"accepted", "failed"}, {"running", "failed"}}},
    {"spec_expired", {{"awaiting_spec", "expired"}}},
    {"set_cancelled",
     {{"awaiting_spec", "cancelled"},
      {"awaiting_provider", "cancelled"},
      {"mismatched", "cancelled"},
      {"assigned", "cancelled"},
      {"accepted", "cancelled"},
      {"running", "cancelled"}}},
    {"set_failed",
     {{"awaiting_spec", "failed"},
      {"awaiting_provider", "failed"},
      {"mismatched", "failed"},
      {"assigned", "failed"},
      {"accepted", "failed"},
      {"running", "failed"}}},
    {"provider_draining", {{"assigned", "assigned"}}},
    {"provider_back", {{"assigned", "assigned"}}},
};

}  // namespace

TEST_CASE("every (state, fact) has the result of the documented table") {
    std::set<std::string> facts;
    for (const auto fact : kFacts) {
        const std::string fact_name(to_string(fact));
        facts.insert(fact_name);
        for (const auto place : kPlaces) {
            INFO(name(place) << " + " << fact_name);
            const auto& line = kDocumented.at(fact_name);
            const auto expected = line.find(name(place));
            const auto next = next_state(place, fact);
            CHECK((next ? std::string(to_string(*next)) : "refused") ==
                  (expected != line.end() ? expected->second : "refused"));
        }
    }
    CHECK(facts.size() == kDocumented.size());
}

TEST_CASE("nothing leaves a terminal state") {
    std::set<std::string> terminal;
    for (const auto place : kPlaces) {
        if (place && is_terminal(*place)) {
            terminal.insert(name(place));
            for (const auto fact : kFacts) {
                INFO(name(place) << " + " << to_string(fact));
                CHECK_FALSE(next_state(place, fact));
            }
        }
    }
    CHECK(terminal == std::set<std::string>{"cancelled", "completed", "expired", "failed"});
}

TEST_CASE("the public status is a function of chain and work state") {
    for (const auto place : kPlaces) {
        INFO(name(place));
        CHECK(public_status(ChainState::kAbsent, place) == PublicStatus::kRetracted);
        CHECK(public_status(ChainState::kConfirmed, place) == PublicStatus::kConfirmed);
        CHECK(public_status(ChainState::kPaid, place) == PublicStatus::kPaid);
        const auto shown = std::string(to_string(public_status(ChainState::kCreated, place)));
        CHECK(shown == (!place ? "created" : *place == WorkState::kAccepted ? "assigned" : name(place)));
    }
}

TEST_CASE("names of states are parsed back, and other names are refused") {
    for (const auto place : kPlaces) {
        if (place) {
            CHECK(parse_work_state(to_string(*place)).value() == *place);
        }
    }
    for (const auto state :
         {ChainState::kAbsent, ChainState::kCreated, ChainState::kConfirmed, ChainState::kPaid}) {
        CHECK(parse_chain_state(to_string(state)).value() == state);
    }
    for (const auto fact : {WorkFact::kSpecMissing, WorkFact::kRetry, WorkFact::kSetFailed}) {
        CHECK(parse_work_fact(to_string(fact)).value() == fact);
    }
    CHECK(parse_work_fact("created").error().code == "invalid_value");
    CHECK(to_string(ChainState::kAbsent) == "absent");
    CHECK(parse_public_status("retracted").value() == PublicStatus::kRetracted);
    CHECK(parse_public_status("accepted").error().code == "invalid_value");
    CHECK(parse_work_state("").error().code == "invalid_value");
    CHECK(parse_chain_state("Paid").error().code == "invalid_value");
}

TEST_CASE("docs/protocol.md holds the transition table, by the names of facts in a job's journal") {
    std::string table = "| `fact` | from | to |\n|---|---|---|\n";
    for (const auto fact : kFacts) {
        std::map<std::string, std::string> origins;  // by the state after
        for (const auto& from : kPlaces) {
            if (const auto to = next_state(from, fact)) {
                auto& names = origins[std::string(to_string(*to))];
                names += (names.empty() ? "" : ", ") + (from ? "`" + name(from) + "`" : std::string("—"));
            }
        }
        for (const auto& [to, from] : origins) {
            table += "| `" + std::string(to_string(fact)) + "` | " + from + " | `" + to + "` |\n";
        }
    }
    std::ifstream in(lamda::testkit::source_dir() + "/docs/protocol.md");
    const std::string page{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
    INFO("the table must be:\n" << table);
    CHECK(page.find("\n" + table + "\n") != std::string::npos);
}
