#include "services/api-gateway/resources/job_attempts.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

using namespace lamda;
using namespace lamda::gateway;

namespace {

const auto kProvider = Address::parse("0x90f79bf6eb2c4f870365e785982e1f101e93b906").value();
const auto kBegin = parse_rfc3339("2026-11-20T10:00:00Z").value();

Timestamp at(int second) {
    return kBegin + std::chrono::seconds(second);
}

/// An entry that starts an attempt.
AttemptEntry start(int second, const std::string& kind, std::uint32_t next) {
    return {kind, at(second), {}, {}, next, {}, {}, {}, {}};
}
/// A status of an agent.
AttemptEntry status(int second, const std::string& kind, std::uint32_t attempt, std::uint32_t seq) {
    return {kind, at(second), attempt, seq, {}, {}, {}, {}, {}};
}
/// A decision of the dispatcher, the operator or the renter.
AttemptEntry decision(int second, const std::string& kind, const std::string& reason,
                      std::optional<std::uint32_t> attempt = {}) {
    return {kind, at(second), attempt, {}, {}, reason, {}, {}, {}};
}
SentAttempt sent(std::uint32_t number, bool waiting = false, bool voided = false) {
    return {number, kProvider, waiting, voided, at(100), {}, {}};
}

std::vector<std::string> states_of(const std::vector<AttemptEntry>& journal,
                                   const std::vector<SentAttempt>& sent = {}) {
    std::vector<std::string> out;
    for (const auto& attempt : fold_attempts(kProvider, journal, sent)) {
        out.push_back(std::to_string(attempt.number) + " " + std::string(to_string(attempt.state)));
    }
    return out;
}

using States = std::vector<std::string>;

}  // namespace

TEST_CASE("an attempt that fails for a while is followed by the next one, with the failure's codes") {
    auto failure = status(9, "retry", 1, 3);
    failure.reason = "oom: out of memory";
    failure.error_code = "oom";
    failure.exit_code = 137;
    failure.next_attempt = 2;
    const auto attempts = fold_attempts(kProvider,
                                        {start(1, "assignable", 1), status(2, "accepted", 1, 1),
                                         status(3, "running", 1, 2), failure, status(12, "accepted", 2, 1)},
                                        {sent(1), sent(2)});
    REQUIRE(attempts.size() == 2);
    Attempt first;
    first.number = 1;
    first.provider = kProvider;
    first.state = AttemptState::kFailed;
    first.created_at = at(1);
    first.accepted_at = at(2);
    first.started_at = at(3);
    first.ended_at = at(9);
    first.reason = "oom: out of memory";
    first.error_code = "oom";
    first.exit_code = 137;
    CHECK(attempts[0] == first);
    CHECK(attempts[1].state == AttemptState::kAccepted);
    CHECK(attempts[1].created_at == at(9));
    CHECK_FALSE(attempts[1].reason);

    const auto shown = nlohmann::json::parse(attempt_json(attempts[0]));
    CHECK(shown["state"] == "failed");
    CHECK(shown["exit_code"] == 137);
    CHECK(shown["ended_at"] == "2026-11-20T10:00:09.000Z");
    CHECK(shown["provider_address"] == "0x90F79bf6EB2c4f870365E785982E1f101E93b906");
    CHECK(shown["due_at"].is_null());
}

TEST_CASE("each end of an attempt has its state") {
    const std::vector<AttemptEntry> running = {start(1, "assignable", 1), status(2, "running", 1, 1)};
    const auto ends_as = [&](const AttemptEntry& end) {
        auto journal = running;
        journal.push_back(end);
        return states_of(journal).at(0);
    };
    CHECK(states_of(running) == States{"1 running"});
    CHECK(ends_as(status(3, "completed", 1, 2)) == "1 completed");
    CHECK(ends_as(status(3, "failed_for_good", 1, 2)) == "1 failed");
    CHECK(ends_as(status(3, "exhausted", 1, 2)) == "1 failed");
    CHECK(ends_as(decision(3, "exhausted", "silent", 1)) == "1 timed_out");
    CHECK(ends_as(decision(3, "set_failed", "no")) == "1 failed");
    CHECK(ends_as(decision(3, "set_cancelled", "no")) == "1 cancelled");
    INFO("facts that are not about the attempt do not change it");
    CHECK(ends_as(decision(3, "confirmed", "")) == "1 running");
    CHECK(ends_as(status(3, "completed", 2, 1)) == "1 running");
}

TEST_CASE("an end is final: a later fact changes neither the state nor the reason") {
    const auto attempts = fold_attempts(kProvider,
                                        {start(1, "assignable", 1), decision(2, "set_cancelled", "first"),
                                         decision(3, "set_failed", "second"), status(4, "completed", 1, 1)},
                                        {sent(1, false, true)});
    REQUIRE(attempts.size() == 1);
    CHECK(attempts[0].state == AttemptState::kCancelled);
    CHECK(attempts[0].reason == "first");
    CHECK(attempts[0].ended_at == at(2));
}

TEST_CASE("a reorg retracts the open attempt; the next evaluation starts another one") {
    const std::vector<AttemptEntry> before = {start(1, "assignable", 1), status(2, "accepted", 1, 1)};
    CHECK(states_of(before, {sent(1, false, true)}) == States{"1 retracted"});
    auto after = before;
    after.push_back(start(5, "assignable", 2));
    CHECK(states_of(after, {sent(1, false, true), sent(2)}) == States{"1 retracted", "2 assigned"});
}

TEST_CASE("an attempt after a pause waits; one that only statuses know is shown as well") {
    auto waiting = sent(2, true);
    waiting.due_at = at(200);
    auto retry = status(3, "retry", 1, 2);
    retry.next_attempt = 2;
    const auto attempts = fold_attempts(kProvider, {start(1, "assignable", 1), retry}, {sent(1), waiting});
    REQUIRE(attempts.size() == 2);
    CHECK(attempts[1].state == AttemptState::kWaiting);
    CHECK(attempts[1].due_at == at(200));

    INFO("a rebuilt database learned of attempt 3 by a status of it");
    CHECK(states_of({start(1, "assignable", 1), start(4, "retry", 3), status(5, "running", 3, 7)},
                    {sent(1), sent(2, false, true), sent(3)}) ==
          States{"1 retracted", "2 retracted", "3 running"});
    CHECK(states_of({}).empty());
}
