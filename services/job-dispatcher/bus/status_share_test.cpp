#include "services/job-dispatcher/bus/status_share.hpp"

#include <catch2/catch.hpp>
#include <map>
#include <vector>

using namespace lamda;
using namespace lamda::dispatch;
using namespace std::chrono_literals;
using Verdict = StatusShare::Verdict;

namespace {

Address provider(std::uint8_t number) {
    Address out;
    out.array()[19] = number;
    return out;
}
Steady at(Millis time) {
    return Steady{} + 1h + time;
}

/// Offers `count` different statuses at the same time; returns the number taken.
int flood(StatusShare& share, const Address& from, int count, Steady now) {
    static int number = 0;
    int taken = 0;
    for (int i = 0; i < count; ++i) {
        const auto body = "status " + std::to_string(++number);
        if (share.admit(from, body, now) == Verdict::kTake) {
            share.handled(from, body, now);
            ++taken;
        }
    }
    return taken;
}

}  // namespace

TEST_CASE("A byte-identical status of the same provider within ten seconds is a repetition") {
    StatusShare share;
    CHECK(share.admit(provider(1), "a", at(0s)) == Verdict::kTake);
    CHECK(share.admit(provider(1), "a", at(0s)) == Verdict::kTake);  // postponed, not handled
    share.handled(provider(1), "a", at(0s));
    CHECK(share.admit(provider(1), "a", at(1s)) == Verdict::kRepeated);
    CHECK(share.admit(provider(1), "b", at(1s)) == Verdict::kTake);
    CHECK(share.admit(provider(2), "a", at(1s)) == Verdict::kTake);
    SECTION("and is handled again later: the job may have changed") {
        CHECK(share.admit(provider(1), "a", at(6s)) == Verdict::kRepeated);
        CHECK(share.admit(provider(1), "a", at(12s)) == Verdict::kTake);
    }
}

TEST_CASE("Repetitions do not use up a share") {
    StatusShare share;
    share.handled(provider(1), "a", at(0s));
    for (int i = 0; i < 60'000; ++i) {
        REQUIRE(share.admit(provider(1), "a", at(1s)) == Verdict::kRepeated);
    }
    CHECK(share.admit(provider(1), "b", at(1s)) == Verdict::kTake);
}

TEST_CASE("Beyond its share a provider waits, other providers do not") {
    StatusShare share;
    CHECK(flood(share, provider(1), 60'000, at(0s)) == StatusShare::kBurst);
    CHECK(flood(share, provider(2), 10, at(0s)) == 10);
    CHECK(flood(share, provider(1), 60'000, at(2s)) == 2 * StatusShare::kPerSecond);
    SECTION("and has its whole share again after a while") {
        CHECK(flood(share, provider(1), 60'000, at(60s)) == StatusShare::kBurst);
    }
}

TEST_CASE("A flood is postponed up to a limit, then dropped; what was postponed is taken later") {
    StatusShare share;
    std::map<Verdict, int> seen;
    std::vector<std::string> postponed;
    for (int i = 0; i < 50'000; ++i) {
        const auto body = "flood " + std::to_string(i);
        const auto verdict = share.admit(provider(1), body, at(0s));
        ++seen[verdict];
        if (verdict == Verdict::kOver) {
            postponed.push_back(body);
        }
    }
    CHECK(seen[Verdict::kTake] == StatusShare::kBurst);
    CHECK(seen[Verdict::kOver] == static_cast<int>(StatusShare::kMostPostponed));
    CHECK(seen[Verdict::kTake] + seen[Verdict::kOver] + seen[Verdict::kDrop] == 50'000);
    CHECK(share.admit(provider(2), "a", at(0s)) == Verdict::kTake);
    CHECK(share.admit(provider(1), postponed[0], at(0s), true) == Verdict::kOver);  // never dropped

    int taken = 0;
    for (const auto& body : postponed) {
        taken += share.admit(provider(1), body, at(1s), true) == Verdict::kTake ? 1 : 0;
    }
    CHECK(taken == StatusShare::kPerSecond);
    INFO("as many as were taken have room again");
    CHECK(flood(share, provider(1), 1'000, at(1s)) == 0);
    CHECK(share.admit(provider(1), "one more", at(1s)) == Verdict::kDrop);
}

TEST_CASE("A postponed status that turns out to be a repetition makes room, too") {
    StatusShare share;
    flood(share, provider(1), static_cast<int>(StatusShare::kBurst), at(0s));
    for (std::size_t i = 0; i < StatusShare::kMostPostponed; ++i) {
        REQUIRE(share.admit(provider(1), "the same", at(0s)) == Verdict::kOver);
    }
    CHECK(share.admit(provider(1), "one more", at(0s)) == Verdict::kDrop);
    share.handled(provider(1), "the same", at(0s));
    CHECK(share.admit(provider(1), "the same", at(0s), true) == Verdict::kRepeated);
    CHECK(share.admit(provider(1), "one more", at(0s)) == Verdict::kOver);
    CHECK(share.admit(provider(1), "and another", at(0s)) == Verdict::kDrop);
}
