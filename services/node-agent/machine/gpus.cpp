#include "services/node-agent/machine/gpus.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <map>
#include <sstream>

#include "services/node-agent/machine/program.hpp"

namespace lamda::agent {

namespace {

std::string trimmed(std::string_view text) {
    const auto first = text.find_first_not_of(" \t\r");
    const auto last = text.find_last_not_of(" \t\r");
    return first == std::string_view::npos ? "" : std::string(text.substr(first, last - first + 1));
}

/// The number, or 0 for text such as "[N/A]".
std::uint64_t number_or_zero(const std::string& text) {
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    return error == std::errc() && end == text.data() + text.size() ? value : 0;
}

}  // namespace

std::vector<Gpu> parse_smi(const std::string& csv) {
    std::vector<Gpu> gpus;
    std::istringstream lines(csv);
    for (std::string line; std::getline(lines, line);) {
        // From the end: only the name may contain a comma.
        std::array<std::string, 3> last;  // memory, uuid, driver
        std::string rest = line;
        bool complete = true;
        for (auto field = last.rbegin(); field != last.rend(); ++field) {
            const auto comma = rest.rfind(',');
            complete = complete && comma != std::string::npos;
            *field = complete ? trimmed(std::string_view(rest).substr(comma + 1)) : "";
            rest.resize(complete ? comma : 0);
        }
        if (complete && !trimmed(rest).empty() && last[1].starts_with("GPU-")) {
            gpus.push_back({trimmed(rest), number_or_zero(last[0]), last[1], last[2]});
        }
    }
    return gpus;
}

std::optional<Gpus> gpus_by_smi(const std::string& program, Millis timeout) {
    Program query;
    query.command = {program, "--query-gpu=name,memory.total,uuid,driver_version",
                     "--format=csv,noheader,nounits"};
    query.errors = Program::Errors::kWithOutput;
    const auto end = run_program(query, timeout);
    if (!end) {
        return std::nullopt;
    }
    Gpus gpus{{}, "nvidia-smi", ""};
    switch (end->kind) {
        case ProgramEnd::Kind::kStopped:
            gpus.fault = "nvidia-smi does not answer";
            break;
        case ProgramEnd::Kind::kSignal:
            gpus.fault = "nvidia-smi was ended by signal " + std::to_string(end->status);
            break;
        case ProgramEnd::Kind::kExited:
            if (end->status == 0) {
                gpus.found = parse_smi(end->output);
            } else {
                gpus.fault = "nvidia-smi ended with status " + std::to_string(end->status) + ": " +
                             trimmed(end->output.substr(0, end->output.find('\n')));
            }
            break;
    }
    return gpus;
}

Gpus detect_gpus(const GpuSources& sources) {
    auto nvml = gpus_by_nvml(sources.nvml, sources.nvml_timeout);
    if (nvml && nvml->fault.empty()) {
        return *std::move(nvml);
    }
    if (auto smi = gpus_by_smi(sources.nvidia_smi, sources.smi_timeout);
        smi && (smi->fault.empty() || !nvml)) {
        return *std::move(smi);
    }
    return nvml.value_or(Gpus{});
}

std::string models_of(const std::vector<Gpu>& gpus) {
    struct Kind {
        std::uint64_t memory = 0;
        std::size_t count = 0;
    };
    std::map<std::string, Kind> kinds;
    for (const auto& gpu : gpus) {
        auto& kind = kinds[gpu.model];
        kind.memory = std::max(kind.memory, gpu.memory_mib);
        ++kind.count;
    }
    std::vector<std::pair<std::string, Kind>> sorted(kinds.begin(), kinds.end());
    std::stable_sort(sorted.begin(), sorted.end(),
                     [](const auto& a, const auto& b) { return a.second.memory > b.second.memory; });
    std::string out;
    for (const auto& [model, kind] : sorted) {
        out += (out.empty() ? "" : ", ") + (kind.count > 1 ? std::to_string(kind.count) + "x " : "") + model;
    }
    return out.empty() ? "none" : out;
}

std::uint64_t least_memory_mib(const std::vector<Gpu>& gpus) {
    const auto least = std::min_element(
        gpus.begin(), gpus.end(), [](const Gpu& a, const Gpu& b) { return a.memory_mib < b.memory_mib; });
    return least == gpus.end() ? 0 : least->memory_mib;
}

std::optional<std::uint64_t> offered_gpus(std::optional<std::uint64_t> limit, const Gpus& gpus) {
    const std::uint64_t found = gpus.found.size();
    if (found > 0) {
        return std::min(limit.value_or(found), found);
    }
    return limit || !gpus.fault.empty() ? limit : 0;
}

}  // namespace lamda::agent
