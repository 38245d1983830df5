// Measurement of a GPU by NVIDIA's CUDA driver, which is loaded at run time: a machine without one has none.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "core/clock.hpp"

namespace lamda::agent {

struct GpuSpeed {
    std::uint64_t multiply_adds = 0;  ///< of 32-bit floats per second, on all its cores
    std::uint64_t copy = 0;           ///< bytes per second within its memory, each read once and written once
    std::uint64_t upload = 0;         ///< bytes per second from the machine's memory to its own
    bool operator==(const GpuSpeed&) const = default;
};

struct CudaSource {
    std::string library = "libcuda.so.1";  ///< a name that the dynamic linker resolves
    Millis timeout{20'000};                ///< of a whole measurement: a damaged driver may never return
};

/// Measures each of the three for about `time`. Absent: there is no CUDA driver, or it has no GPU of this
/// UUID (as in `GPU-5a1c…`), refuses, or does not answer in time.
/// https://docs.nvidia.com/cuda/cuda-driver-api/
std::optional<GpuSpeed> measure_gpu(const std::string& uuid, Millis time, const CudaSource& source = {});

/// The measured program: eight independent chains of multiply-adds in each thread, as PTX for compute
/// capability 5.0 and later, which the driver compiles. Entry `multiply_add(out, rounds)`. Pure.
std::string multiply_add_ptx();
/// Multiply-adds of one thread in one round.
inline constexpr std::uint64_t kMultiplyAddsPerRound = 64;

}  // namespace lamda::agent
