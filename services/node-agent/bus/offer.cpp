#include "services/node-agent/bus/offer.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace lamda::agent {

namespace {

constexpr std::uint64_t kMib = 1ULL << 20;
constexpr std::uint64_t kMillis = 1'000;

std::optional<std::uint64_t> smaller(std::optional<std::uint64_t> limit, std::uint64_t machine) {
    if (machine == 0) {
        return limit;
    }
    return std::min(limit.value_or(machine), machine);
}

std::optional<std::string> over_limit(std::uint64_t wanted, std::optional<std::uint64_t> most,
                                      const char* field, const char* unit) {
    if (!most || wanted <= *most) {
        return std::nullopt;
    }
    return fmt::format("{}: the job requests {}{}, this provider offers {}", field, wanted, unit, *most);
}

}  // namespace

Offer offer_of(const Offer& limits, const Machine& machine) {
    return {smaller(limits.cpu_millis, machine.cpus * kMillis),
            smaller(limits.memory_mib, machine.memory_bytes / kMib),
            smaller(limits.disk_mib, machine.disk_bytes / kMib), limits.gpus};
}

std::optional<std::string> unmet_requirement(const wire::Requirements& requirements, const Offer& offer) {
    if (auto why = over_limit(requirements.cpu_millis, offer.cpu_millis, "cpuMillis", "")) {
        return why;
    }
    if (auto why = over_limit(requirements.memory_mib, offer.memory_mib, "memoryMib", " MiB")) {
        return why;
    }
    if (auto why = over_limit(requirements.disk_mib, offer.disk_mib, "diskMib", " MiB")) {
        return why;
    }
    return over_limit(requirements.gpu_count, offer.gpus, "gpuCount", "");
}

}  // namespace lamda::agent
