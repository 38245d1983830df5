// A libnvidia-ml.so.1 for tests. FAKE_NVML holds the GPUs, `model:MiB` separated by commas; as the
// whole text `!<code>` is an NVML error at the start, and `hang` a start that never ends.
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

namespace {

struct Device {
    std::string model;
    std::string uuid;
    unsigned long long mib = 0;
};
std::vector<Device> devices;
constexpr int kNotSupported = 3;
constexpr int kInvalidArgument = 2;
constexpr int kInsufficientSize = 7;

int put(char* text, unsigned bytes, const std::string& value) {
    if (value.size() >= bytes) {
        return kInsufficientSize;
    }
    std::memcpy(text, value.c_str(), value.size() + 1);
    return 0;
}

}  // namespace

extern "C" {

int nvmlInit_v2() {
    const char* set = std::getenv("FAKE_NVML");
    const std::string text = set == nullptr ? "" : set;
    if (text.starts_with('!')) {
        return std::atoi(text.c_str() + 1);
    }
    while (text == "hang") {
        pause();
    }
    devices.clear();
    for (std::size_t at = 0; at < text.size();) {
        const auto end = std::min(text.find(',', at), text.size());
        const auto one = text.substr(at, end - at);
        const auto colon = one.find(':');
        devices.push_back({one.substr(0, colon), "GPU-fake-" + std::to_string(devices.size()),
                           std::strtoull(one.c_str() + colon + 1, nullptr, 10)});
        at = end + 1;
    }
    return 0;
}
int nvmlShutdown() {
    return 0;
}
const char* nvmlErrorString(int code) {
    return code == 18 ? "Driver/library version mismatch" : "Unknown Error";
}
int nvmlSystemGetDriverVersion(char* text, unsigned bytes) {
    return put(text, bytes, "535.183.01");
}
int nvmlDeviceGetCount_v2(unsigned* count) {
    *count = static_cast<unsigned>(devices.size());
    return 0;
}
int nvmlDeviceGetHandleByIndex_v2(unsigned index, void** device) {
    if (index >= devices.size()) {
        return kInvalidArgument;
    }
    *device = &devices[index];
    return 0;
}
int nvmlDeviceGetName(void* device, char* text, unsigned bytes) {
    return put(text, bytes, static_cast<Device*>(device)->model);
}
int nvmlDeviceGetUUID(void* device, char* text, unsigned bytes) {
    return put(text, bytes, static_cast<Device*>(device)->uuid);
}
// Figures of a T4 in a slot of generation 3; of a GPU without own memory none.
int nvmlDeviceGetMaxPcieLinkGeneration(void* device, unsigned* value) {
    *value = 3;
    return static_cast<Device*>(device)->mib == 0 ? kNotSupported : 0;
}
int nvmlDeviceGetCurrPcieLinkWidth(void* device, unsigned* value) {
    *value = 16;
    return static_cast<Device*>(device)->mib == 0 ? kNotSupported : 0;
}
int nvmlDeviceGetMaxClockInfo(void* device, int type, unsigned* value) {
    *value = type == 2 ? 5'001 : 1'590;
    return static_cast<Device*>(device)->mib == 0 ? kNotSupported : 0;
}
int nvmlDeviceGetMemoryInfo(void* device, unsigned long long* total_free_used) {
    const auto bytes = static_cast<Device*>(device)->mib << 20U;
    if (bytes == 0) {
        return kNotSupported;
    }
    total_free_used[0] = bytes;
    total_free_used[1] = bytes;
    total_free_used[2] = 0;
    return 0;
}
}
