// GPUs of this machine, detected at run time: NVML if its library is installed, else nvidia-smi.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/clock.hpp"

namespace lamda::agent {

/// Figures of a GPU as its driver reports them, not measured. Absent: the driver does not report it.
struct GpuFigures {
    std::optional<std::uint32_t> pcie_generation;   ///< the most of GPU and slot
    std::optional<std::uint32_t> pcie_lanes;        ///< in use
    std::optional<std::uint32_t> clock_mhz;         ///< highest of the graphics clock
    std::optional<std::uint32_t> memory_clock_mhz;  ///< highest
    bool operator==(const GpuFigures&) const = default;
};

struct Gpu {
    std::string model;             ///< such as "NVIDIA A100-SXM4-40GB"
    std::uint64_t memory_mib = 0;  ///< 0: unknown, as for a GPU that shares the machine's memory
    std::string uuid;              ///< such as "GPU-5a1c…"
    std::string driver;            ///< version of the driver
    GpuFigures figures = {};       ///< by NVML only
    bool operator==(const Gpu&) const = default;
};

/// GPUs, and where they are from. A machine without GPUs has neither GPUs nor a fault.
struct Gpus {
    std::vector<Gpu> found;
    std::string source;  ///< "NVML" | "nvidia-smi"; empty: neither answered
    std::string fault;   ///< reason why a present driver did not answer; empty: none
};

/// Names that the dynamic linker and PATH resolve.
struct GpuSources {
    std::string nvml = "libnvidia-ml.so.1";
    std::string nvidia_smi = "nvidia-smi";
    Millis smi_timeout{10'000};
    Millis nvml_timeout{10'000};
};

/// GPUs by NVML (https://docs.nvidia.com/deploy/nvml-api/): absent if the library is not installed. A library
/// that does not answer within `timeout` is a fault.
std::optional<Gpus> gpus_by_nvml(const std::string& library, Millis timeout);
/// GPUs by `nvidia-smi --query-gpu`: absent if the program is not on PATH.
std::optional<Gpus> gpus_by_smi(const std::string& program, Millis timeout);
/// Reads the program's lines `name, memory.total, uuid, driver_version`. Skips other lines. Pure.
std::vector<Gpu> parse_smi(const std::string& csv);
/// NVML's GPUs; those of nvidia-smi if NVML is not installed or reports an error.
Gpus detect_gpus(const GpuSources& sources = {});

/// Models with their counts, most memory first: "2x NVIDIA A100-SXM4-40GB, Tesla T4"; "none" without GPUs.
/// Pure.
std::string models_of(const std::vector<Gpu>& gpus);
/// The least memory of one GPU in MiB, which holds for whichever GPU a job gets; 0 without GPUs. Pure.
std::uint64_t least_memory_mib(const std::vector<Gpu>& gpus);
/// Most GPUs of one job: the provider's limit, at most the GPUs found. Where none were found the limit
/// counts, since a confined agent does not see them; without a limit 0, or absent (only the engine knows) if
/// there is a driver that does not answer. Pure.
std::optional<std::uint64_t> offered_gpus(std::optional<std::uint64_t> limit, const Gpus& gpus);

}  // namespace lamda::agent
