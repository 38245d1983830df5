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

Use& Use::operator+=(const wire::Requirements& requirements) {
    cpu_millis += requirements.cpu_millis;
    memory_mib += requirements.memory_mib;
    disk_mib += requirements.disk_mib;
    gpus += requirements.gpu_count;
    return *this;
}

Offer total_offer(const Offer& limits, const Machine& machine, std::uint64_t overcommit) {
    auto total = offer_of({}, machine);
    for (auto* amount : {&total.cpu_millis, &total.memory_mib, &total.disk_mib}) {
        if (*amount) {
            **amount *= overcommit;
        }
    }
    total.gpus = limits.gpus;
    return total;
}

bool fits(const wire::Requirements& requirements, const Use& used, const Offer& total) {
    auto sum = used;
    sum += requirements;
    return sum.cpu_millis <= total.cpu_millis.value_or(sum.cpu_millis) &&
           sum.memory_mib <= total.memory_mib.value_or(sum.memory_mib) &&
           sum.disk_mib <= total.disk_mib.value_or(sum.disk_mib) && sum.gpus <= total.gpus.value_or(sum.gpus);
}

Offer free_of(const Offer& total, const Use& used) {
    const auto rest = [](std::optional<std::uint64_t> all, std::uint64_t taken) {
        return all ? std::optional(*all - std::min(*all, taken)) : std::nullopt;
    };
    return {rest(total.cpu_millis, used.cpu_millis), rest(total.memory_mib, used.memory_mib),
            rest(total.disk_mib, used.disk_mib), rest(total.gpus, used.gpus)};
}

}  // namespace lamda::agent
