#include "services/node-agent/machine/gpus.hpp"

#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "testkit/patience.hpp"
#include "testkit/process.hpp"

using namespace lamda;
using namespace lamda::agent;

namespace {

/// The fake library that the build makes (testing/fake_nvml.cpp).
std::string fake_nvml(const char* gpus) {
    setenv("FAKE_NVML", gpus, 1);
    return testkit::binary_dir() + "/fake-nvml/libnvidia-ml.so.1";
}

/// A program that prints `text` and ends with `status`, as nvidia-smi does.
std::string fake_smi(const testkit::TempDir& dir, const std::string& script) {
    const auto path = dir.path() + "/nvidia-smi";
    std::ofstream(path) << "#!/bin/sh\n" << script << "\n";
    std::filesystem::permissions(path, std::filesystem::perms::owner_all);
    return path;
}

const Gpu kA100{"NVIDIA A100-SXM4-40GB", 40'960, "GPU-fake-0", "535.183.01"};
const Gpu kT4{"Tesla T4", 15'360, "GPU-fake-1", "535.183.01"};
constexpr GpuFigures kFigures{3, 16, 1'590, 5'001};

Gpu with_figures(Gpu gpu) {
    gpu.figures = kFigures;
    return gpu;
}

}  // namespace

TEST_CASE("GPUs of several kinds are detected by NVML") {
    const auto gpus =
        gpus_by_nvml(fake_nvml("NVIDIA A100-SXM4-40GB:40960,Tesla T4:15360"), testkit::kCallTimeout);
    REQUIRE(gpus);
    CHECK(gpus->found == std::vector<Gpu>{with_figures(kA100), with_figures(kT4)});
    CHECK(gpus->source == "NVML");
    CHECK(gpus->fault.empty());
}

TEST_CASE("NVML: a GPU without own memory has 0 MiB, a machine may have no GPU, a failed start is a fault") {
    const auto shared = gpus_by_nvml(fake_nvml("NVIDIA GB10:0"), testkit::kCallTimeout);
    REQUIRE(shared);
    REQUIRE(shared->found.size() == 1);
    CHECK(shared->found[0].memory_mib == 0);
    CHECK(shared->found[0].figures == GpuFigures{});
    const auto none = gpus_by_nvml(fake_nvml(""), testkit::kCallTimeout);
    REQUIRE(none);
    CHECK((none->found.empty() && none->fault.empty()));
    const auto broken = gpus_by_nvml(fake_nvml("!18"), testkit::kCallTimeout);
    REQUIRE(broken);
    CHECK(broken->fault == "NVML does not start: Driver/library version mismatch");
    CHECK_FALSE(gpus_by_nvml("libnvidia-ml-missing.so.1", testkit::kCallTimeout));
    const auto another = gpus_by_nvml("libc.so.6", testkit::kCallTimeout);
    REQUIRE(another);
    CHECK(another->fault == "libc.so.6 lacks a function of NVML");
    const auto hung = gpus_by_nvml(fake_nvml("hang"), Millis(200));
    REQUIRE(hung);
    CHECK(hung->fault == "NVML does not answer");
}

TEST_CASE("without NVML, or if it reports an error, nvidia-smi is asked") {
    const testkit::TempDir dir("agent-smi");
    const auto smi = fake_smi(dir, R"([ "$1 $2" = "--query-gpu=name,memory.total,uuid,driver_version )"
                                   R"(--format=csv,noheader,nounits" ] || exit 2
echo 'NVIDIA A100-SXM4-40GB, 40960, GPU-fake-0, 535.183.01'
echo 'NVIDIA GB10, Rev. 2, [N/A], GPU-5, 580.1')");
    const std::vector<Gpu> wanted{kA100, {"NVIDIA GB10, Rev. 2", 0, "GPU-5", "580.1"}};
    const auto missing = detect_gpus({.nvml = "libnvidia-ml-missing.so.1", .nvidia_smi = smi});
    CHECK(missing.found == wanted);
    CHECK(missing.source == "nvidia-smi");
    CHECK(detect_gpus({.nvml = fake_nvml("!18"), .nvidia_smi = smi}).found == wanted);
    CHECK(detect_gpus({.nvml = fake_nvml("Tesla T4:15360"), .nvidia_smi = smi}).source == "NVML");
}

TEST_CASE("nvidia-smi that fails or hangs is a fault; one that is missing means no GPU") {
    const testkit::TempDir dir("agent-smi");
    const auto failing = fake_smi(dir, "echo 'NVIDIA-SMI has failed' >&2; exit 9");
    const auto failed = detect_gpus({.nvml = "libnvidia-ml-missing.so.1", .nvidia_smi = failing});
    CHECK(failed.found.empty());
    CHECK(failed.fault == "nvidia-smi ended with status 9: NVIDIA-SMI has failed");
    const auto hanging = fake_smi(dir, "exec sleep 600");
    const auto hung = gpus_by_smi(hanging, Millis(200));
    REQUIRE(hung);
    CHECK(hung->fault == "nvidia-smi does not answer");
    // It closes its output, and does not end.
    const auto silent = fake_smi(dir, "exec sleep 600 >/dev/null 2>&1");
    CHECK(gpus_by_smi(silent, Millis(200)).value().fault == "nvidia-smi does not answer");
    const auto none =
        detect_gpus({.nvml = "libnvidia-ml-missing.so.1", .nvidia_smi = dir.path() + "/absent"});
    CHECK((none.found.empty() && none.source.empty() && none.fault.empty()));
}

TEST_CASE("a registration names all models, and the memory that each GPU has at least") {
    CHECK(models_of({kT4, kA100, kA100}) == "2x NVIDIA A100-SXM4-40GB, Tesla T4");
    CHECK(models_of({}) == "none");
    CHECK(least_memory_mib({kA100, kT4}) == 15'360);
    CHECK(least_memory_mib({}) == 0);
}

TEST_CASE("a job gets at most the GPUs that exist; a limit counts alone where none are visible") {
    const Gpus two{{kA100, kT4}, "NVML", ""};
    CHECK(offered_gpus({}, two) == 2);
    CHECK(offered_gpus(1, two) == 1);
    CHECK(offered_gpus(4, two) == 2);
    CHECK(offered_gpus(4, Gpus{}) == 4);
    CHECK(offered_gpus({}, Gpus{}) == 0);
    CHECK_FALSE(offered_gpus({}, Gpus{{}, "NVML", "NVML does not start: Unknown Error"}));
}
