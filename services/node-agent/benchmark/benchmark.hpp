// `lamda-node-agent --benchmark`: a measurement of this machine, signed by the provider.
#pragma once

#include <string>

#include "services/node-agent/benchmark/gpu_speed.hpp"
#include "services/node-agent/benchmark/measure.hpp"
#include "services/node-agent/config.hpp"
#include "wire/documents/benchmark.hpp"

namespace lamda::agent {

struct Measured {
    std::string cpu_model;  ///< empty: unknown
    unsigned threads = 1;
    std::uint64_t memory_mib = 0;
    std::uint64_t disk_mib = 0;  ///< free in AGENT_STATE_DIR
    std::uint64_t sha256_single = 0;
    std::uint64_t sha256_all = 0;
    std::uint64_t memory_copy = 0;
    DiskSpeed disk;
    StoreSpeed store;
    std::vector<std::pair<Gpu, std::optional<GpuSpeed>>> gpus;
};

/// The canonical result (docs/protocol.md, "Benchmark"). Pure.
std::string result_of(const Measured& measured);

/// Times and sizes of the measurements.
struct BenchmarkScale {
    Millis time{1'000};  ///< of each measurement of CPU, memory, disk and GPUs
    std::uint64_t disk_bytes = 256ULL << 20;
    std::uint64_t store_bytes = 4ULL << 20;
    Millis store_timeout{8'000};
};
/// Measures for about 6 s and 4 s for each GPU, and up to 20 s more if the stores are slow. Creates
/// AGENT_STATE_DIR if it is missing. @throws DiskError
Measured measure_machine(const Config& config, net::Transport& http, const BenchmarkScale& scale,
                         const Clock& clock);

/// Id of BSC: configured, or as an endpoint reports it. @throws as eth::Rpc does if no endpoint answers
ChainId market_chain(const Config& config, net::Transport& http);

}  // namespace lamda::agent
