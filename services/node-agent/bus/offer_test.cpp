#include "services/node-agent/bus/offer.hpp"

#include <catch2/catch.hpp>

using namespace lamda;
using namespace lamda::agent;

namespace {
constexpr std::uint64_t kMib = 1ULL << 20;
const Machine kMachine{2'048 * kMib, 2, 10'240 * kMib};
}  // namespace

TEST_CASE("an offer is the smaller of the provider's limits and what the machine has") {
    const auto whole = offer_of({}, kMachine);
    CHECK(whole.cpu_millis == 2'000);
    CHECK(whole.memory_mib == 2'048);
    CHECK(whole.disk_mib == 10'240);
    CHECK_FALSE(whole.gpus);
    const auto limited =
        offer_of({.cpu_millis = 500, .memory_mib = 4'096, .disk_mib = 64, .gpus = 0}, kMachine);
    CHECK(limited.cpu_millis == 500);
    CHECK(limited.memory_mib == 2'048);
    CHECK(limited.disk_mib == 64);
    CHECK(limited.gpus == 0);
    CHECK_FALSE(offer_of({}, {}).memory_mib);
}

TEST_CASE("an unmet requirement is reported with its name, the requested and the offered amount") {
    struct Case {
        const char* field;
        std::uint32_t wire::Requirements::* member;
        std::uint32_t most;
    };
    const auto offer = offer_of({.cpu_millis = {}, .memory_mib = {}, .disk_mib = {}, .gpus = 1}, kMachine);
    for (const auto& [field, member, most] : {Case{"cpuMillis", &wire::Requirements::cpu_millis, 2'000},
                                              Case{"memoryMib", &wire::Requirements::memory_mib, 2'048},
                                              Case{"diskMib", &wire::Requirements::disk_mib, 10'240},
                                              Case{"gpuCount", &wire::Requirements::gpu_count, 1}}) {
        INFO(field);
        wire::Requirements asked;
        asked.*member = most;
        CHECK_FALSE(unmet_requirement(asked, offer));
        asked.*member = most + 1;
        const auto why = unmet_requirement(asked, offer);
        REQUIRE(why);
        CHECK(why->starts_with(std::string(field) + ": the job requests " + std::to_string(most + 1)));
        CHECK(why->ends_with("this provider offers " + std::to_string(most)));
        CHECK_FALSE(unmet_requirement(asked, Offer{}));
    }
}

TEST_CASE("the offer to all jobs is the machine, whatever one job may have, times the overcommitment") {
    const auto total =
        total_offer({.cpu_millis = 500, .memory_mib = 64, .disk_mib = 64, .gpus = 2}, kMachine, 1);
    CHECK(total.cpu_millis == 2'000);
    CHECK(total.memory_mib == 2'048);
    CHECK(total.disk_mib == 10'240);
    CHECK(total.gpus == 2);
    const auto thrice =
        total_offer({.cpu_millis = {}, .memory_mib = {}, .disk_mib = {}, .gpus = 2}, kMachine, 3);
    CHECK(thrice.cpu_millis == 6'000);
    CHECK(thrice.memory_mib == 6'144);
    CHECK(thrice.disk_mib == 30'720);
    CHECK(thrice.gpus == 2);
    CHECK(total_offer({}, {}, 2) == Offer{});
}

TEST_CASE("a job fits while the sum of each resource stays within the offer") {
    const auto total =
        total_offer({.cpu_millis = {}, .memory_mib = {}, .disk_mib = {}, .gpus = 2}, kMachine, 1);
    const wire::Requirements half{
        .cpu_millis = 1'000, .memory_mib = 1'024, .disk_mib = 5'120, .gpu_count = 1};
    Use used;
    CHECK(fits(half, used, total));
    used += half;
    CHECK(fits(half, used, total));
    for (auto member : {&wire::Requirements::cpu_millis, &wire::Requirements::memory_mib,
                        &wire::Requirements::disk_mib, &wire::Requirements::gpu_count}) {
        auto larger = half;
        ++(larger.*member);
        CHECK_FALSE(fits(larger, used, total));
        CHECK(fits(larger, used, Offer{}));
    }
    CHECK(free_of(total, used).memory_mib == 1'024);
    used += half;
    used += half;
    CHECK(free_of(total, used) == Offer{.cpu_millis = 0, .memory_mib = 0, .disk_mib = 0, .gpus = 0});
    CHECK(free_of(Offer{}, used) == Offer{});
}
