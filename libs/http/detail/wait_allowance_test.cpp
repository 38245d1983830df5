// The allowance of a client that sends a body: which sequences of waits and bytes are served, and which end.
#include "http/detail/wait_allowance.hpp"

#include <catch2/catch.hpp>
#include <optional>

using namespace lamda::http;

namespace {

StreamLimits limits() {
    StreamLimits out;
    out.most_wait = std::chrono::seconds(10);
    out.least_rate = 1000;
    return out;
}

/// Number of the wait that ends a client whose every wait lasts `elapsed` seconds and brings `bytes`; absent
/// if it is served.
std::optional<int> ended_at(double elapsed, std::size_t bytes) {
    WaitAllowance allowance(limits());
    for (int wait = 1; wait <= 100'000; ++wait) {
        if (!allowance.waited(WaitAllowance::Seconds(elapsed), bytes > 0)) {
            return wait;
        }
        allowance.received(bytes);
    }
    return std::nullopt;
}

}  // namespace

TEST_CASE("a client below the least rate is ended, also if each of its bytes arrives within a wait") {
    // 40 ms for a byte that gives 1 ms back: 10 s are spent after 10 / 0.039 waits.
    const auto drip = ended_at(0.040, 1);
    REQUIRE(drip);
    CHECK(*drip >= 255);
    CHECK(*drip <= 258);
    CHECK(ended_at(0.050, 0) >= 200);
    CHECK(ended_at(0.050, 0) <= 201);
    CHECK(ended_at(0.050, 49).has_value());
    CHECK_FALSE(ended_at(0.040, 41));
    CHECK_FALSE(ended_at(0.050, 65'536));
}

TEST_CASE("one read may be late, and the next one only if enough bytes arrived") {
    const auto late = WaitAllowance::Seconds(30);  // the machine stalled
    WaitAllowance without_bytes(limits());
    CHECK_FALSE(without_bytes.waited(late, false));
    WaitAllowance few(limits());
    CHECK(few.waited(late, true));
    few.received(10);
    CHECK_FALSE(few.waited(late, true));
    WaitAllowance many(limits());
    for (int i = 0; i < 10; ++i) {
        CHECK(many.waited(late, true));
        many.received(65'536);
    }
}
