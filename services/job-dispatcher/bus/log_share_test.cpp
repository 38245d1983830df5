#include "services/job-dispatcher/bus/log_share.hpp"

#include <catch2/catch.hpp>

using namespace lamda;
using namespace lamda::dispatch;

namespace {

Address address(std::uint8_t last) {
    Address out;
    out.array()[19] = last;
    return out;
}

int admitted(LogShare& share, const Address& provider, int chunks, std::size_t bytes, Steady now) {
    int out = 0;
    for (int i = 0; i < chunks; ++i) {
        out += share.admit(provider, bytes, now) ? 1 : 0;
    }
    return out;
}

}  // namespace

TEST_CASE("a provider's flood of log chunks uses up its own share only") {
    LogShare share;
    const Steady start{std::chrono::hours(1)};
    const int burst = static_cast<int>(LogShare::kChunkBurst);
    CHECK(admitted(share, address(1), 100'000, 100, start) == burst);
    CHECK(share.admit(address(2), 100, start));
    CHECK(admitted(share, address(1), 1'000, 100, start + Millis(1'000)) ==
          static_cast<int>(LogShare::kChunksPerSecond));
    INFO("the share is full again after a while");
    CHECK(admitted(share, address(1), 100'000, 100, start + std::chrono::hours(1)) == burst);
}

TEST_CASE("large log chunks use up the share by their bytes") {
    LogShare share;
    const Steady start{std::chrono::hours(1)};
    const std::size_t size = 1U << 20;
    CHECK(admitted(share, address(1), 1'000, size, start) ==
          static_cast<int>(LogShare::kByteBurst / static_cast<double>(size)));
    CHECK_FALSE(share.admit(address(1), size, start));
    CHECK(share.admit(address(1), 1, start + Millis(1'000)));
}
