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
