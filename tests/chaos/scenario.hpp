// The scenario of a seed: a chain, its endpoints and their faults, a stream's configuration, faults of a
// sink.
#pragma once

#include <string>
#include <vector>

#include "ingest/log_stream.hpp"
#include "simulator/fault.hpp"
#include "simulator/miner.hpp"

namespace lamda::chaos {

struct Scenario {
    std::uint64_t seed = 0;
    simulator::MinerPlan miner;
    std::uint64_t finality_depth = 32;
    bool has_finalized = true;
    std::vector<simulator::EndpointPlan> endpoints;
    ingest::StreamConfig stream;
    Millis timeout{4'000};   ///< of one request
    unsigned agreement = 1;  ///< endpoints that must report the same finalized block

    double sink_fails = 0;  ///< share of writes that fail, before or after their commit
    double restarts = 0;    ///< share of writes after which the stream is restarted
    double rivals = 0;      ///< share of batches that another writer has applied first
    bool violates_finality = false;

    /// The first block whose logs are read.
    BlockNum first_block() const { return stream.start_block.value_or(BlockNum{miner.contract_since}); }
};

Scenario make_scenario(std::uint64_t seed);
/// Several lines, for output.
std::string describe(const Scenario& scenario);

}  // namespace lamda::chaos
