// Kills the sender's process at each boundary between allocating, storing and sending, and at random moments,
// on a chain with faults: at the end every intent is on chain exactly once. LAMDA_SEED=<n> repeats one seed.
#include <fmt/format.h>

#include <cstdlib>

#include "chaos/sender_scene.hpp"

using namespace lamda;
using namespace lamda::chaos;

namespace {

constexpr std::size_t kRounds = 14;  ///< per seed; each ends in a kill, or with no work left
constexpr std::size_t kNewInRound = 3;
constexpr std::size_t kLateReverts = 3;  ///< fewer than those after which a sender gives up

const std::vector<std::string> kPoints = {"sender.after_allocate", "sender.after_sign",
                                          "sender.after_store",    "sender.after_broadcast",
                                          "sender.after_receipt",  "sender.before_done"};

std::vector<std::uint64_t> seeds() {
    if (const char* one = std::getenv("LAMDA_SEED")) {
        return {std::strtoull(one, nullptr, 10)};
    }
    std::vector<std::uint64_t> out;
    for (std::uint64_t seed = 1; seed <= 32; ++seed) {
        out.push_back(seed);
    }
    return out;
}

struct Kills {
    std::map<std::string, int> at;
    int any_moment = 0;
    int all() const {
        int sum = any_moment;
        for (const auto& [point, count] : at) {
            sum += count;
        }
        return sum;
    }
};

/// One run of the sender. Killed at a crash point, or after enough work.
void run_sender(const SenderScene& scene, std::mt19937_64& random, Kills& kills) {
    const auto pick = [&](std::uint64_t most) { return random() % (most + 1); };
    std::string point;
    if (pick(3) > 0) {
        point = kPoints[pick(kPoints.size() - 1)];
    }
    RunConfig run;
    if (point.empty()) {
        run.lifetime = fmt::format("{}:{}", 1 + pick(20), pick(4'000));
    } else {
        run.crash_at = fmt::format("{}:{}", point, 1 + pick(1));
        run.lifetime = "60:0";  // the crash point may not be reached
    }
    const auto status = scene.start(run)->wait(Millis(180'000));
    INFO(scene.log());
    REQUIRE(status.has_value());
    if (*status == 128 + SIGUSR1) {
        ++kills.any_moment;
    } else if (*status == 128 + SIGKILL) {
        ++kills.at[point];
    } else {
        REQUIRE(*status == 0);  // no work was left
    }
}

NodeFaults faults_of(std::mt19937_64& random) {
    const auto sometimes = [&](double share) { return random() % 2 == 0 ? share : 0.0; };
    return {.reorg = sometimes(0.1),
            .dropped = sometimes(0.4),
            .foreign = sometimes(0.03),
            .base_fee_change = sometimes(0.05),
            .lost_answer = 0.1,
            .error_rate = sometimes(0.2)};
}

}  // namespace

TEST_CASE(
    "invariants 5 and 7: killed anywhere, on a chain with faults, every intent is executed exactly once") {
    testkit::TestDatabase database;
    Kills kills;
    for (const auto seed : seeds()) {
        INFO("LAMDA_SEED=" << seed);
        std::mt19937_64 random(seed);
        SenderScene scene(database, seed);
        scene.node().set_faults(faults_of(random));
        if (random() % 3 == 0) {
            scene.node().with([](auto& chain) {
                chain.reverts_late.insert(SenderScene::data(1));
                chain.late_reverts_left = kLateReverts;
            });
        }
        for (std::size_t round = 0; round < kRounds; ++round) {
            scene.want(round * kNewInRound, (round + 1) * kNewInRound, txsender::OnRevert::kRetry);
            run_sender(scene, random, kills);
        }
        scene.node().set_faults({});
        REQUIRE(scene.finish() == 0);
        INFO(scene.log());
        INFO(scene.unfinished());
        CHECK(scene.not_done() == 0);
        CHECK(scene.nonces_complete());
        for (std::size_t n = 0; n < kRounds * kNewInRound; ++n) {
            INFO("intent " << n);
            CHECK(scene.executed(n) == 1);
        }
    }
    std::string at_points;
    for (const auto& point : kPoints) {
        at_points += ", " + std::to_string(kills.at[point]) + " at " + point;
        CHECK((kills.at[point] > 0 || std::getenv("LAMDA_SEED") != nullptr));
    }
    WARN(kills.all() << " kills: " << kills.any_moment << " at any moment" << at_points);
}
