#include "services/node-agent/bus/assignment_window.hpp"

#include <catch2/catch.hpp>

using namespace lamda;
using namespace lamda::agent;

namespace {

const Offer kTotal{.cpu_millis = 2'000, .memory_mib = 2'048, .disk_mib = 10'240, .gpus = {}};

wire::Requirements cpus(std::uint32_t millis) {
    return {.cpu_millis = millis, .memory_mib = 8, .disk_mib = 1, .time_limit_seconds = 60};
}

Waiting job(std::uint64_t payment, std::uint64_t sequence, std::uint32_t cpu_millis = 1'000,
            Millis waited = Millis(0)) {
    Waiting out;
    out.requirements = cpus(cpu_millis);
    out.rate = rate_of(out.requirements, U256(payment), {});
    out.sequence = sequence;
    out.waited = waited;
    return out;
}

std::optional<std::size_t> taken(const std::vector<Waiting>& waiting, const Use& used = {}) {
    return choose(waiting, used, kTotal).taken;
}

Use busy(std::uint32_t cpu_millis) {
    Use out;
    out += cpus(cpu_millis);
    return out;
}

}  // namespace

TEST_CASE("the dearer per resource and second is taken first, the older among equal ones") {
    CHECK_FALSE(taken({}));
    CHECK(taken({job(1, 1), job(3, 2), job(2, 3)}) == 1);
    CHECK(taken({job(2, 9), job(2, 4), job(2, 7)}) == 1);
    // Twice the CPUs for less than twice the payment.
    CHECK(taken({job(199, 1, 2'000), job(100, 2, 1'000)}) == 1);
    // Twice the time for the same payment.
    auto slow = job(100, 1);
    slow.requirements.time_limit_seconds = 120;
    slow.rate = rate_of(slow.requirements, U256(100), {});
    CHECK(taken({slow, job(100, 2)}) == 1);
    // An unknown payment is the least.
    auto unknown = job(0, 1);
    unknown.rate = rate_of(unknown.requirements, std::nullopt, {});
    CHECK(taken({unknown, job(1, 2)}) == 1);
}

TEST_CASE("resources are weighed by the provider's prices") {
    const wire::Requirements thirsty{.cpu_millis = 1'000, .memory_mib = 2'048, .time_limit_seconds = 60};
    const wire::Requirements busy_one{.cpu_millis = 2'000, .memory_mib = 1'024, .time_limit_seconds = 60};
    const auto first = [&](const wire::LeastPrice& price) {
        Waiting a;
        a.rate = rate_of(thirsty, U256(1'000), price);
        Waiting b;
        b.rate = rate_of(busy_one, U256(1'000), price);
        return goes_before(a, b) ? "thirsty" : "busy";
    };
    CHECK(first({1, 100, 0}) == std::string("busy"));
    CHECK(first({100, 1, 0}) == std::string("thirsty"));
}

TEST_CASE("extreme payments and prices compare without an overflow") {
    const U256 most_price = (U256(1) << 128U) - U256(1);
    const wire::Requirements largest{
        .cpu_millis = 256'000, .memory_mib = 1'048'576, .gpu_count = 16, .time_limit_seconds = 86'400};
    Waiting a;
    a.rate = rate_of(largest, ~U256(0), {most_price, most_price, most_price});
    Waiting b = a;
    b.sequence = 1;
    CHECK(goes_before(a, b));
    CHECK_FALSE(goes_before(b, a));
}

TEST_CASE("a job that does not fit now is overtaken by smaller ones, and after a while keeps its room") {
    const auto early = kOvertakenFor - Millis(1);
    // 1.5 of 2 CPUs are in use.
    CHECK(taken({job(9, 1, 1'000, early), job(1, 2, 500)}, busy(1'500)) == 1);
    CHECK_FALSE(taken({job(9, 1, 1'000, kOvertakenFor), job(1, 2, 500)}, busy(1'500)));
    CHECK(taken({job(9, 1, 1'000, kOvertakenFor), job(1, 2, 500)}, busy(1'000)) == 0);
    // A dearer one is not held back by it.
    CHECK(taken({job(9, 1, 1'000, kOvertakenFor), job(99, 2, 500)}, busy(1'500)) == 1);
    CHECK(choose({job(9, 1)}, busy(1'500), kTotal).short_of_room);
    CHECK_FALSE(choose({job(9, 1)}, busy(500), kTotal).short_of_room);
}

TEST_CASE("a postponed job neither runs nor keeps room") {
    auto postponed = job(9, 1, 1'000, kOvertakenFor);
    postponed.postponed = true;
    CHECK(taken({postponed, job(1, 2, 500)}, busy(1'500)) == 1);
    CHECK_FALSE(taken({postponed}));
}

TEST_CASE("the window grows with the capacity within bounds") {
    CHECK(window_size(1) == 64);
    CHECK(window_size(8) == 128);
    CHECK(window_size(256) == 256);
    CHECK(return_delay(1) == Millis(16'000));
    CHECK(return_delay(7) == Millis(32'000));
}
