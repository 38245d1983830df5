#include "services/node-agent/benchmark/gpu_speed.hpp"

#include <catch2/catch.hpp>
#include <cstdlib>

#include "testkit/patience.hpp"
#include "testkit/process.hpp"

using namespace lamda;
using namespace lamda::agent;

namespace {

/// The fake driver that the build makes (testing/fake_cuda.cpp).
CudaSource fake_cuda(const char* setting) {
    setenv("FAKE_CUDA", setting, 1);
    return {testkit::binary_dir() + "/fake-cuda/libcuda.so.1", testkit::kCallTimeout};
}

const std::string kSecond = "GPU-a0a0a0a0-a0a0-a0a0-a0a0-a0a0a0a0a001";

}  // namespace

TEST_CASE("a GPU is found by its UUID, and computes and copies for the given time") {
    const auto speed = measure_gpu(kSecond, Millis(5), fake_cuda("2"));
    REQUIRE(speed);
    // The fake driver takes a millisecond for 256 rounds on 40 multiprocessors of 32 blocks of 256 threads.
    CHECK(speed->multiply_adds > 0);
    CHECK(speed->multiply_adds <= kMultiplyAddsPerRound * 256 * 40 * 32 * 256 * 1'000);
    CHECK(speed->copy > 0);
    CHECK(speed->upload > 0);
}

TEST_CASE("without a usable driver or GPU nothing is measured") {
    CHECK_FALSE(measure_gpu(kSecond, Millis(5), fake_cuda("1")));
    CHECK_FALSE(measure_gpu(kSecond, Millis(5), fake_cuda("0")));
    CHECK_FALSE(measure_gpu(kSecond, Millis(5), fake_cuda("!999")));
    CHECK_FALSE(measure_gpu("GPU-a0a0a0a0-a0a0-a0a0-a0a0-a0a0a0a0a000", Millis(5), fake_cuda("full")));
    CHECK_FALSE(measure_gpu(kSecond, Millis(5), {"libcuda-missing.so.1", testkit::kCallTimeout}));
    CHECK_FALSE(measure_gpu(kSecond, Millis(5), {"libc.so.6", testkit::kCallTimeout}));
    auto hung = fake_cuda("hang");
    hung.timeout = Millis(200);
    CHECK_FALSE(measure_gpu(kSecond, Millis(5), hung));
}

TEST_CASE("the program has the stated multiply-adds, and keeps their result") {
    const auto ptx = multiply_add_ptx();
    std::uint64_t count = 0;
    for (auto at = ptx.find("fma.rn.f32"); at != std::string::npos; at = ptx.find("fma.rn.f32", at + 1)) {
        ++count;
    }
    CHECK(count == kMultiplyAddsPerRound);
    CHECK(ptx.find(".entry multiply_add(") != std::string::npos);
    CHECK(ptx.find("st.global.f32 [%a2], %f0;") > ptx.rfind("add.f32"));
}
