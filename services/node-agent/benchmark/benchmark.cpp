#include "services/node-agent/benchmark/benchmark.hpp"

#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <thread>

#include "eth/rpc_client.hpp"
#include "services/node-agent/state/durable_file.hpp"

namespace lamda::agent {

using Json = nlohmann::json;

namespace {

constexpr std::uint64_t kMib = 1ULL << 20;

/// Returns the model in /proc/cpuinfo; empty where it has none (ARM).
std::string cpu_model() {
    std::ifstream file("/proc/cpuinfo");
    for (std::string line; std::getline(file, line);) {
        if (const auto colon = line.find(": ");
            line.starts_with("model name") && colon != std::string::npos) {
            return line.substr(colon + 2);
        }
    }
    return "";
}

Json number_or_null(const std::optional<std::uint64_t>& value) {
    return value ? Json(*value) : Json(nullptr);
}

}  // namespace

std::string result_of(const Measured& measured) {
    auto gpus = Json::array();
    for (const auto& [gpu, speed] : measured.gpus) {
        Json entry = {
            {"model", gpu.model}, {"memoryMib", gpu.memory_mib}, {"uuid", gpu.uuid}, {"driver", gpu.driver}};
        const auto add = [&entry](const char* name, const auto& value) {
            if (value) {
                entry[name] = *value;
            }
        };
        add("pcieGeneration", gpu.figures.pcie_generation);
        add("pcieLanes", gpu.figures.pcie_lanes);
        add("clockMhz", gpu.figures.clock_mhz);
        add("memoryClockMhz", gpu.figures.memory_clock_mhz);
        if (speed) {
            entry["multiplyAddsPerSecond"] = speed->multiply_adds;
            entry["memoryCopyBytesPerSecond"] = speed->copy;
            entry["uploadBytesPerSecond"] = speed->upload;
        }
        gpus.push_back(std::move(entry));
    }
    const Json result = {
        {"agentVersion", LAMDA_VERSION},
        {"machine",
         {{"cpuModel", measured.cpu_model},
          {"threads", measured.threads},
          {"memoryMib", measured.memory_mib},
          {"freeDiskMib", measured.disk_mib}}},
        {"sha256BytesPerSecond",
         {{"oneThread", measured.sha256_single}, {"allThreads", measured.sha256_all}}},
        {"memoryCopyBytesPerSecond", measured.memory_copy},
        {"disk", {{"writeBytesPerSecond", measured.disk.write}, {"readsPerSecond", measured.disk.reads}}},
        {"store",
         {{"upBytesPerSecond", number_or_null(measured.store.up)},
          {"downBytesPerSecond", number_or_null(measured.store.down)}}},
        {"gpus", gpus}};
    // Sorted keys and integers only: canonical already.
    return result.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Measured measure_machine(const Config& config, net::Transport& http, const BenchmarkScale& scale,
                         const Clock& clock) {
    make_private_dir(config.state_dir);
    const auto free = std::filesystem::space(config.state_dir).available;
    Measured out;
    out.cpu_model = cpu_model();
    out.threads = std::max(std::thread::hardware_concurrency(), 1U);
    out.memory_mib = static_cast<std::uint64_t>(sysconf(_SC_PHYS_PAGES)) *
                     static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE)) / kMib;
    out.disk_mib = free / kMib;
    auto gpus = detect_gpus();
    for (auto& gpu : gpus.found) {
        const auto speed = measure_gpu(gpu.uuid, scale.time);
        out.gpus.emplace_back(std::move(gpu), speed);
    }
    out.sha256_single = measure_sha256(1, scale.time, clock);
    out.sha256_all = measure_sha256(out.threads, scale.time, clock);
    out.memory_copy = measure_memory(scale.time, clock);
    const auto disk_bytes = std::clamp(std::uint64_t{free} / 10, kMib, scale.disk_bytes);
    out.disk = measure_disk(config.state_dir, disk_bytes, scale.time, clock);
    auto content = config.content;
    content.timeout = scale.store_timeout;
    content.pinata_jwt.clear();  // noise is not pinned
    ipfs::ContentStore store(content, http);
    out.store = measure_store(store, config.state_dir, scale.store_bytes, clock);
    return out;
}

ChainId market_chain(const Config& config, net::Transport& http) {
    if (config.bsc_chain_id) {
        return *config.bsc_chain_id;
    }
    for (std::size_t i = 0;; ++i) {
        try {
            return eth::HttpRpc(config.bsc_rpc_urls.at(i), config.rpc_timeout, http).chain_id();
        } catch (const std::exception&) {
            if (i + 1 == config.bsc_rpc_urls.size()) {
                throw;
            }
        }
    }
}

}  // namespace lamda::agent
