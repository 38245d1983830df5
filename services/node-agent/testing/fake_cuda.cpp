// A libcuda.so.1 for tests. FAKE_CUDA is the number of its GPUs; `!<code>` is an error of its start, `hang` a
// start that never ends, `full` a GPU without free memory. Copies are made in the machine's memory; a launch
// takes a millisecond.
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <map>
#include <string>

namespace {

constexpr int kInvalidValue = 1;
constexpr int kOutOfMemory = 2;
constexpr int kInvalidPtx = 218;
constexpr int kNotFound = 500;
constexpr int kMultiprocessors = 40;
std::map<unsigned long long, std::size_t> memory;  // sizes by address
int kernel;

std::string setting() {
    const char* text = std::getenv("FAKE_CUDA");
    return text == nullptr ? "" : text;
}

bool allocated(unsigned long long address, std::size_t bytes) {
    const auto found = memory.find(address);
    return found != memory.end() && found->second >= bytes;
}

}  // namespace

extern "C" {

int cuInit(unsigned) {
    while (setting() == "hang") {
        pause();
    }
    return setting().starts_with('!') ? std::atoi(setting().c_str() + 1) : 0;
}
int cuDeviceGetCount(int* count) {
    *count = setting() == "full" ? 1 : std::atoi(setting().c_str());
    return 0;
}
int cuDeviceGet(int* device, int index) {
    *device = index;
    return 0;
}
int cuDeviceGetUuid_v2(unsigned char* uuid, int device) {
    std::memset(uuid, 0xa0, 16);
    uuid[15] = static_cast<unsigned char>(device);
    return 0;
}
int cuDeviceGetAttribute(int* value, int attribute, int) {
    *value = kMultiprocessors;
    return attribute == 16 ? 0 : kInvalidValue;
}
int cuDevicePrimaryCtxRetain(void** context, int) {
    *context = &memory;
    return 0;
}
int cuDevicePrimaryCtxRelease_v2(int) {
    return memory.empty() ? 0 : kInvalidValue;
}
int cuCtxSetCurrent(void* context) {
    return context == &memory ? 0 : kInvalidValue;
}
int cuCtxSynchronize() {
    return 0;
}
int cuMemAlloc_v2(unsigned long long* address, std::size_t bytes) {
    if (setting() == "full") {
        return kOutOfMemory;
    }
    *address = reinterpret_cast<unsigned long long>(std::calloc(bytes, 1));
    memory[*address] = bytes;
    return 0;
}
int cuMemFree_v2(unsigned long long address) {
    std::free(reinterpret_cast<void*>(address));
    memory.erase(address);
    return 0;
}
int cuMemAllocHost_v2(void** host, std::size_t bytes) {
    *host = std::calloc(bytes, 1);
    return 0;
}
int cuMemFreeHost(void* host) {
    std::free(host);
    return 0;
}
int cuMemcpyHtoD_v2(unsigned long long to, const void* from, std::size_t bytes) {
    if (!allocated(to, bytes)) {
        return kInvalidValue;
    }
    std::memcpy(reinterpret_cast<void*>(to), from, bytes);
    return 0;
}
int cuMemcpyDtoD_v2(unsigned long long to, unsigned long long from, std::size_t bytes) {
    return allocated(from, bytes) ? cuMemcpyHtoD_v2(to, reinterpret_cast<const void*>(from), bytes)
                                  : kInvalidValue;
}
int cuModuleLoadData(void** module, const void* text) {
    *module = &kernel;
    return std::strncmp(static_cast<const char*>(text), ".version", 8) == 0 ? 0 : kInvalidPtx;
}
int cuModuleUnload(void*) {
    return 0;
}
int cuModuleGetFunction(void** function, void* module, const char* name) {
    *function = module;
    return std::strcmp(name, "multiply_add") == 0 ? 0 : kNotFound;
}
int cuLaunchKernel(void* function, unsigned blocks, unsigned, unsigned, unsigned threads, unsigned, unsigned,
                   unsigned, void*, void** arguments, void**) {
    const auto out = *static_cast<unsigned long long*>(arguments[0]);
    const auto rounds = *static_cast<unsigned*>(arguments[1]);
    if (function != &kernel || rounds == 0 ||
        !allocated(out, std::size_t{blocks} * threads * sizeof(float))) {
        return kInvalidValue;
    }
    usleep(1'000);
    return 0;
}
}
