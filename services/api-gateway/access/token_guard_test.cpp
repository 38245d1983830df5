#include "services/api-gateway/access/token_guard.hpp"

#include <catch2/catch.hpp>

using namespace lamda;
using namespace lamda::gateway;

TEST_CASE("After a few wrong tokens a client waits, other clients do not") {
    const FakeClock clock(from_unix_seconds(1'000'000));
    TokenGuard guard(clock, telemetry::Log::none());
    for (int i = 0; i < TokenGuard::kFreeTries; ++i) {
        CHECK(guard.wait_for("192.0.2.1") == 0);
        guard.wrong("192.0.2.1", "id");
    }
    CHECK(guard.wait_for("192.0.2.1") == 61);
    CHECK(guard.wait_for("192.0.2.2") == 0);
    clock.advance(TokenGuard::kWindow - Millis(1));
    CHECK(guard.wait_for("192.0.2.1") == 1);
    clock.advance(Millis(1));
    CHECK(guard.wait_for("192.0.2.1") == 0);
}

TEST_CASE("Wrong tokens from many addresses use limited memory") {
    const FakeClock clock(from_unix_seconds(1'000'000));
    TokenGuard guard(clock, telemetry::Log::none());
    for (std::size_t i = 0; i < TokenGuard::kMostClients + 100; ++i) {
        guard.wrong("client " + std::to_string(i), "id");
    }
    CHECK(guard.wait_for("client 0") == 0);
}
