#include "services/node-agent/benchmark/gpu_speed.hpp"

#include <dlfcn.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <functional>
#include <future>
#include <memory>
#include <stdexcept>
#include <thread>
#include <type_traits>

#include "core/deadline.hpp"

namespace lamda::agent {

namespace {

constexpr int kSuccess = 0;
constexpr int kMultiprocessorCount = 16;  // CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT
constexpr std::size_t kUuidBytes = 16;
constexpr std::size_t kBlockBytes = std::size_t{64} << 20;
constexpr unsigned kThreads = 256;  // of a block
constexpr unsigned kBlocksPerMultiprocessor = 32;
constexpr unsigned kRounds = 256;
constexpr int kCopies = 8;  // between two looks at the clock

using Handle = void*;
using Address64 = unsigned long long;  // CUdeviceptr

/// Functions of the driver, with declarations of our own: neither a build nor a machine without GPUs needs
/// it. Its ABI is stable (versioned function names).
struct Cuda {
    int (*init)(unsigned) = nullptr;
    int (*count)(int*) = nullptr;
    int (*device)(int*, int) = nullptr;
    int (*uuid)(unsigned char*, int) = nullptr;
    int (*attribute)(int*, int, int) = nullptr;
    int (*retain)(Handle*, int) = nullptr;
    int (*release)(int) = nullptr;
    int (*use)(Handle) = nullptr;
    int (*wait)() = nullptr;
    int (*allocate)(Address64*, std::size_t) = nullptr;
    int (*free)(Address64) = nullptr;
    int (*allocate_host)(void**, std::size_t) = nullptr;
    int (*free_host)(void*) = nullptr;
    int (*upload)(Address64, const void*, std::size_t) = nullptr;
    int (*copy)(Address64, Address64, std::size_t) = nullptr;
    int (*load)(Handle*, const void*) = nullptr;
    int (*unload)(Handle) = nullptr;
    int (*function)(Handle*, Handle, const char*) = nullptr;
    int (*launch)(Handle, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned, Handle,
                  void**, void**) = nullptr;

    /// @throws std::runtime_error
    explicit Cuda(void* library) {
        const auto find = [&](const char* name, auto& out) {
            out = reinterpret_cast<std::remove_reference_t<decltype(out)>>(dlsym(library, name));
            if (out == nullptr) {
                throw std::runtime_error(name);
            }
        };
        find("cuInit", init);
        find("cuDeviceGetCount", count);
        find("cuDeviceGet", device);
        find("cuDeviceGetUuid_v2", uuid);
        find("cuDeviceGetAttribute", attribute);
        find("cuDevicePrimaryCtxRetain", retain);
        find("cuDevicePrimaryCtxRelease_v2", release);
        find("cuCtxSetCurrent", use);
        find("cuCtxSynchronize", wait);
        find("cuMemAlloc_v2", allocate);
        find("cuMemFree_v2", free);
        find("cuMemAllocHost_v2", allocate_host);
        find("cuMemFreeHost", free_host);
        find("cuMemcpyHtoD_v2", upload);
        find("cuMemcpyDtoD_v2", copy);
        find("cuModuleLoadData", load);
        find("cuModuleUnload", unload);
        find("cuModuleGetFunction", function);
        find("cuLaunchKernel", launch);
    }
};

void must(int code) {
    if (code != kSuccess) {
        throw std::runtime_error("CUDA error " + std::to_string(code));
    }
}

/// Calls a function at the end of its scope, which also an error is.
struct AtEnd {
    std::function<void()> run;
    explicit AtEnd(std::function<void()> at_end) : run(std::move(at_end)) {}
    ~AtEnd() { run(); }
    AtEnd(const AtEnd&) = delete;
    AtEnd& operator=(const AtEnd&) = delete;
};

/// NVIDIA's text: GPU-, and the bytes in groups of 4, 2, 2, 2 and 6.
std::string text_of(const std::array<unsigned char, kUuidBytes>& uuid) {
    std::string out = "GPU";
    for (std::size_t i = 0; i < uuid.size(); ++i) {
        const bool group = i == 0 || i == 4 || i == 6 || i == 8 || i == 10;
        out += fmt::format("{}{:02x}", group ? "-" : "", uuid[i]);
    }
    return out;
}

std::optional<int> find_device(const Cuda& cuda, const std::string& uuid) {
    int count = 0;
    must(cuda.count(&count));
    for (int index = 0; index < count; ++index) {
        int device = 0;
        std::array<unsigned char, kUuidBytes> bytes{};
        must(cuda.device(&device, index));
        must(cuda.uuid(bytes.data(), device));
        if (text_of(bytes) == uuid) {
            return device;
        }
    }
    return std::nullopt;
}

/// Amount per second of a step that is repeated for about `time`, after one that is not counted.
std::uint64_t rate(const Cuda& cuda, std::uint64_t amount, Millis time, const std::function<void()>& step) {
    const SystemClock clock;
    step();
    must(cuda.wait());
    const auto begin = clock.steady();
    const Deadline end(clock, time);
    std::uint64_t done = 0;
    do {
        step();
        must(cuda.wait());
        done += amount;
    } while (!end.passed());
    const std::chrono::duration<double> took = clock.steady() - begin;
    return static_cast<std::uint64_t>(static_cast<double>(done) / took.count());
}

std::uint64_t rate_of_multiply_adds(const Cuda& cuda, int device, Address64 out, Millis time) {
    int multiprocessors = 0;
    must(cuda.attribute(&multiprocessors, kMultiprocessorCount, device));
    const auto most = static_cast<unsigned>(kBlockBytes / sizeof(float) / kThreads);
    const auto blocks = std::min(static_cast<unsigned>(multiprocessors) * kBlocksPerMultiprocessor, most);
    Handle module = nullptr;
    Handle kernel = nullptr;
    must(cuda.load(&module, multiply_add_ptx().c_str()));
    const AtEnd unload([&] { cuda.unload(module); });
    must(cuda.function(&kernel, module, "multiply_add"));
    unsigned rounds = kRounds;
    std::array<void*, 2> arguments{&out, &rounds};
    return rate(cuda, kMultiplyAddsPerRound * kRounds * kThreads * blocks, time, [&] {
        must(cuda.launch(kernel, blocks, 1, 1, kThreads, 1, 1, 0, nullptr, arguments.data(), nullptr));
    });
}

/// @throws std::runtime_error
std::optional<GpuSpeed> measure(const Cuda& cuda, const std::string& uuid, Millis time) {
    must(cuda.init(0));
    const auto device = find_device(cuda, uuid);
    if (!device) {
        return std::nullopt;
    }
    Handle context = nullptr;
    must(cuda.retain(&context, *device));
    const AtEnd release([&] { cuda.release(*device); });
    must(cuda.use(context));
    Address64 from = 0;
    Address64 to = 0;
    void* host = nullptr;
    const AtEnd free([&] {
        cuda.free(from);
        cuda.free(to);
        cuda.free_host(host);
    });
    must(cuda.allocate(&from, kBlockBytes));
    must(cuda.allocate(&to, kBlockBytes));
    must(cuda.allocate_host(&host, kBlockBytes));
    GpuSpeed out;
    out.multiply_adds = rate_of_multiply_adds(cuda, *device, to, time);
    out.copy = rate(cuda, kBlockBytes * kCopies, time, [&] {
        for (int i = 0; i < kCopies; ++i) {
            must(cuda.copy(to, from, kBlockBytes));
        }
    });
    out.upload = rate(cuda, kBlockBytes, time, [&] { must(cuda.upload(from, host, kBlockBytes)); });
    return out;
}

std::optional<GpuSpeed> load_and_measure(const std::string& library, const std::string& uuid, Millis time) {
    const std::unique_ptr<void, int (*)(void*)> handle(dlopen(library.c_str(), RTLD_NOW | RTLD_LOCAL),
                                                       &dlclose);
    try {
        return handle ? measure(Cuda(handle.get()), uuid, time) : std::nullopt;
    } catch (const std::runtime_error&) {
        return std::nullopt;
    }
}

}  // namespace

std::optional<GpuSpeed> measure_gpu(const std::string& uuid, Millis time, const CudaSource& source) {
    std::packaged_task<std::optional<GpuSpeed>()> task(
        [library = source.library, uuid, time] { return load_and_measure(library, uuid, time); });
    auto answer = task.get_future();
    std::thread(std::move(task)).detach();
    return answer.wait_for(source.timeout) == std::future_status::ready ? answer.get() : std::nullopt;
}

}  // namespace lamda::agent
