// NVML part of the GPU detection. NVIDIA's library is loaded at run time with declarations of our own:
// neither a build nor a machine without GPUs needs it. Its ABI is stable (versioned function names).
#include <dlfcn.h>

#include <array>
#include <future>
#include <memory>
#include <thread>

#include "services/node-agent/machine/gpus.hpp"

namespace lamda::agent {

namespace {

constexpr int kSuccess = 0;
using Device = void*;
struct Memory {  // nvmlMemory_t, in bytes
    unsigned long long total = 0;
    unsigned long long free = 0;
    unsigned long long used = 0;
};
constexpr std::size_t kTextBytes = 96;  // NVML's largest: NVML_DEVICE_UUID_V2_BUFFER_SIZE, …_NAME_V2_…
using Text = std::array<char, kTextBytes>;

struct Nvml {
    int (*init)() = nullptr;
    int (*shutdown)() = nullptr;
    const char* (*error_string)(int) = nullptr;
    int (*driver_version)(char*, unsigned) = nullptr;
    int (*count)(unsigned*) = nullptr;
    int (*by_index)(unsigned, Device*) = nullptr;
    int (*name)(Device, char*, unsigned) = nullptr;
    int (*uuid)(Device, char*, unsigned) = nullptr;
    int (*memory)(Device, Memory*) = nullptr;
    // Figures; may be missing.
    int (*pcie_generation)(Device, unsigned*) = nullptr;
    int (*pcie_lanes)(Device, unsigned*) = nullptr;
    int (*max_clock)(Device, int, unsigned*) = nullptr;
};
constexpr int kGraphicsClock = 0;  // nvmlClockType_t
constexpr int kMemoryClock = 2;

template <class Function>
bool load(void* library, const char* name, Function& function) {
    function = reinterpret_cast<Function>(dlsym(library, name));
    return function != nullptr;
}

bool load_all(void* library, Nvml& nvml) {
    load(library, "nvmlDeviceGetMaxPcieLinkGeneration", nvml.pcie_generation);
    load(library, "nvmlDeviceGetCurrPcieLinkWidth", nvml.pcie_lanes);
    load(library, "nvmlDeviceGetMaxClockInfo", nvml.max_clock);
    return load(library, "nvmlInit_v2", nvml.init) && load(library, "nvmlShutdown", nvml.shutdown) &&
           load(library, "nvmlErrorString", nvml.error_string) &&
           load(library, "nvmlSystemGetDriverVersion", nvml.driver_version) &&
           load(library, "nvmlDeviceGetCount_v2", nvml.count) &&
           load(library, "nvmlDeviceGetHandleByIndex_v2", nvml.by_index) &&
           load(library, "nvmlDeviceGetName", nvml.name) && load(library, "nvmlDeviceGetUUID", nvml.uuid) &&
           load(library, "nvmlDeviceGetMemoryInfo", nvml.memory);
}

std::string text_of(Text& text) {
    text.back() = '\0';
    return text.data();
}

GpuFigures figures_of(const Nvml& nvml, Device device) {
    const auto clock = [&](int type) -> std::optional<std::uint32_t> {
        unsigned value = 0;
        const bool known = nvml.max_clock != nullptr && nvml.max_clock(device, type, &value) == kSuccess;
        return known ? std::optional<std::uint32_t>(value) : std::nullopt;
    };
    const auto number = [&](int (*function)(Device, unsigned*)) -> std::optional<std::uint32_t> {
        unsigned value = 0;
        const bool known = function != nullptr && function(device, &value) == kSuccess;
        return known ? std::optional<std::uint32_t>(value) : std::nullopt;
    };
    return {number(nvml.pcie_generation), number(nvml.pcie_lanes), clock(kGraphicsClock),
            clock(kMemoryClock)};
}

/// Reads all devices. A device that does not answer is a fault: its count would be wrong.
void read_devices(const Nvml& nvml, Gpus& gpus) {
    const auto failed = [&](int code, const std::string& what) {
        if (code != kSuccess) {
            gpus.fault = "NVML " + what + ": " + nvml.error_string(code);
        }
        return code != kSuccess;
    };
    Text driver{};
    unsigned count = 0;
    if (failed(nvml.driver_version(driver.data(), kTextBytes), "driver version") ||
        failed(nvml.count(&count), "device count")) {
        return;
    }
    for (unsigned index = 0; index < count; ++index) {
        const auto what = "device " + std::to_string(index);
        Device device = nullptr;
        Text name{};
        Text uuid{};
        Memory memory;
        if (failed(nvml.by_index(index, &device), what) ||
            failed(nvml.name(device, name.data(), kTextBytes), what) ||
            failed(nvml.uuid(device, uuid.data(), kTextBytes), what)) {
            return;
        }
        // Not supported by GPUs that share the machine's memory.
        const bool known = nvml.memory(device, &memory) == kSuccess;
        gpus.found.push_back({text_of(name), known ? memory.total >> 20U : 0, text_of(uuid), text_of(driver),
                              figures_of(nvml, device)});
    }
}

std::optional<Gpus> read(const std::string& library) {
    const std::unique_ptr<void, int (*)(void*)> handle(dlopen(library.c_str(), RTLD_NOW | RTLD_LOCAL),
                                                       &dlclose);
    if (!handle) {
        return std::nullopt;
    }
    Gpus gpus{{}, "NVML", ""};
    Nvml nvml;
    if (!load_all(handle.get(), nvml)) {
        gpus.fault = library + " lacks a function of NVML";
        return gpus;
    }
    if (const int code = nvml.init(); code != kSuccess) {
        gpus.fault = std::string("NVML does not start: ") + nvml.error_string(code);
        return gpus;
    }
    read_devices(nvml, gpus);
    nvml.shutdown();
    if (!gpus.fault.empty()) {
        gpus.found.clear();
    }
    return gpus;
}

}  // namespace

std::optional<Gpus> gpus_by_nvml(const std::string& library, Millis timeout) {
    std::packaged_task<std::optional<Gpus>()> task([library] { return read(library); });
    auto answer = task.get_future();
    // A damaged driver may never return: then its thread is left behind.
    std::thread(std::move(task)).detach();
    if (answer.wait_for(timeout) != std::future_status::ready) {
        return Gpus{{}, "NVML", "NVML does not answer"};
    }
    return answer.get();
}

}  // namespace lamda::agent
