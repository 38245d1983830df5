#include "wire/provider_policy.hpp"

#include <catch2/catch.hpp>

using namespace lamda;
using namespace lamda::wire;

namespace {

Address address(std::uint8_t number) {
    Address out;
    out.array().fill(number);
    return out;
}

JobTerms a_job() {
    JobTerms out;
    out.requirements = {.cpu_millis = 1'500,
                        .memory_mib = 512,
                        .disk_mib = 64,
                        .gpu_count = 1,
                        .network = false,
                        .time_limit_seconds = 60};
    out.docker_image = "ghcr.io/acme/tool:1";
    out.renter = address(1);
    out.payment = U256(1'000);
    return out;
}

/// The only refusal's code and pointer; empty: none.
std::string refusal(const ProviderPolicy& policy, const JobTerms& job) {
    const auto all = policy_refusals(policy, job);
    REQUIRE(all.size() <= 1);
    return all.empty() ? "" : all.front().code + " " + all.front().where;
}

}  // namespace

TEST_CASE("the least payment is exact, over the whole time limit, and rounded up") {
    struct Case {
        const char* scenario;
        Requirements requirements;
        LeastPrice price;
        const char* expected;
    };
    const U256 most = (U256(1) << 128U) - U256(1);
    const std::vector<Case> cases{
        {"no price", {.cpu_millis = 256'000, .gpu_count = 16}, {}, "0"},
        {"CPU: 1.5 CPUs for 60 s at 3 wei",
         {.cpu_millis = 1'500, .time_limit_seconds = 60},
         {3, 0, 0},
         "270"},
        {"memory: 512 MiB for 60 s at 7 wei",
         {.memory_mib = 512, .time_limit_seconds = 60},
         {0, 7, 0},
         "210"},
        {"GPU: 2 for 60 s at 5 wei", {.gpu_count = 2, .time_limit_seconds = 60}, {0, 0, 5}, "600"},
        {"the sum of all",
         {.cpu_millis = 1'500, .memory_mib = 512, .gpu_count = 2, .time_limit_seconds = 60},
         {3, 7, 5},
         "1080"},
        {"a fraction of one wei", {.cpu_millis = 1, .time_limit_seconds = 1}, {1, 0, 0}, "1"},
        {"a fraction above a whole number", {.cpu_millis = 1'001, .time_limit_seconds = 1}, {1, 0, 0}, "2"},
        {"fractions are added before rounding",
         {.cpu_millis = 500, .memory_mib = 512, .time_limit_seconds = 1},
         {1, 1, 0},
         "1"},
        {"above 64 bits",
         {.cpu_millis = 1'000, .time_limit_seconds = 86'400},
         {U256("1000000000000000000"), 0, 0},
         "86400000000000000000000"},
        {"the largest of all",
         {.cpu_millis = 256'000, .memory_mib = 1'048'576, .gpu_count = 16, .time_limit_seconds = 86'400},
         {most, most, most},
         "38102913866551931883233293642407786416746752000"},
    };
    for (const auto& [scenario, requirements, price, expected] : cases) {
        INFO(scenario);
        CHECK(to_decimal(least_payment(requirements, price)) == expected);
    }
}

TEST_CASE("the default policy refuses nothing, also without payment and renter") {
    auto job = a_job();
    CHECK(policy_refusals({}, job).empty());
    job.payment.reset();
    job.renter.reset();
    job.requirements.network = true;
    job.requirements.time_limit_seconds = 86'400;
    CHECK(policy_refusals({}, job).empty());
}

TEST_CASE("a payment fits from the least one on; an unknown payment is refused where there is a price") {
    ProviderPolicy policy;
    policy.price.cpu_second = 11;  // 1.5 CPUs × 60 s × 11 = 990
    auto job = a_job();
    for (const auto& [payment, expected] :
         {std::pair{989, "payment_too_low /payment"}, {990, ""}, {991, ""}}) {
        job.payment = U256(payment);
        CHECK(refusal(policy, job) == expected);
    }
    job.payment = U256(989);
    CHECK(policy_refusals(policy, job).front().message ==
          "payment: the job pays 989 wei, this provider requires at least 990 wei for the requirements over "
          "60 s");
    job.payment.reset();
    CHECK(refusal(policy, job) == "payment_unknown /payment");
    job.payment = ~U256(0);
    CHECK(refusal(policy, job).empty());
}

TEST_CASE("time, resources and network above the policy are refused by name") {
    ProviderPolicy policy;
    policy.max_time_seconds = 59;
    policy.most = {.cpu_millis = 1'499, .memory_mib = 511, .disk_mib = 63, .gpus = 0};
    policy.network = false;
    auto job = a_job();
    job.requirements.network = true;
    std::string places;
    for (const auto& error : policy_refusals(policy, job)) {
        places += error.code + " " + error.where + "\n";
    }
    CHECK(places ==
          "time_too_long /requirements/timeLimitSeconds\n"
          "resources_too_large /requirements/cpuMillis\n"
          "resources_too_large /requirements/memoryMib\n"
          "resources_too_large /requirements/diskMib\n"
          "resources_too_large /requirements/gpuCount\n"
          "network_refused /requirements/network\n");
    policy.max_time_seconds = 60;
    policy.most = {.cpu_millis = 1'500, .memory_mib = 512, .disk_mib = 64, .gpus = 1};
    policy.network = true;
    CHECK(policy_refusals(policy, job).empty());
}

TEST_CASE("renters are allowed by list, and denied ones stay denied") {
    auto job = a_job();
    ProviderPolicy policy;
    policy.renters_denied = {address(2)};
    CHECK(refusal(policy, job).empty());
    job.renter = address(2);
    CHECK(refusal(policy, job) == "renter_refused /renter");
    policy.renters_allowed = {address(1), address(2)};
    CHECK(refusal(policy, job) == "renter_refused /renter");
    job.renter = address(1);
    CHECK(refusal(policy, job).empty());
    job.renter = address(3);
    CHECK(refusal(policy, job) == "renter_refused /renter");
    job.renter.reset();
    CHECK(refusal(policy, job) == "renter_unknown /renter");
}

TEST_CASE("images are allowed by patterns over their whole normal form") {
    struct Case {
        const char* pattern;
        const char* image;
        bool matches;
    };
    for (const auto& [pattern, image, matches] :
         {Case{"docker.io/library/busybox:1.35", "busybox:1.35", true},
          Case{"docker.io/library/*", "busybox", true}, Case{"docker.io/library/*", "acme/busybox", false},
          Case{"busybox:1.35", "busybox:1.35", false}, Case{"*", "ghcr.io/acme/tool:1", true},
          Case{"ghcr.io/acme/*", "ghcr.io/acme/tool:1", true},
          Case{"ghcr.io/acme/*", "ghcr.io/acme-evil/tool:1", false},
          Case{"*/tool:*", "ghcr.io/acme/tool:1", true}, Case{"*/tool:*2", "ghcr.io/acme/tool:121", false},
          Case{"*/tool:*21", "ghcr.io/acme/tool:121", true},
          Case{"ghcr.io/acme/tool:1**", "ghcr.io/acme/tool:1", true},
          Case{"", "ghcr.io/acme/tool:1", false}}) {
        INFO(pattern << " " << image);
        CHECK(matches_image(pattern, image) == matches);
    }
    ProviderPolicy policy;
    policy.images = {"docker.io/*", "ghcr.io/acme/*"};
    CHECK(refusal(policy, a_job()).empty());
    policy.images.pop_back();
    CHECK(refusal(policy, a_job()) == "image_refused /dockerImage");
}

TEST_CASE("a registry that is not listed is refused, except for local images") {
    ProviderPolicy policy;
    policy.registries = {"docker.io"};
    CHECK(refusal(policy, a_job()) == "registry_not_allowed /dockerImage");
    policy.local_images = {"ghcr.io/acme/tool:1"};
    CHECK(refusal(policy, a_job()).empty());
    policy.local_images.clear();
    policy.registries = {"ghcr.io"};
    CHECK(refusal(policy, a_job()).empty());
}
