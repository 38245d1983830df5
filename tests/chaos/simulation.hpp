// Runs the scenario of one seed.
#pragma once

#include <functional>
#include <string>

#include "chaos/scenario.hpp"
#include "chaos/watched_sink.hpp"
#include "simulator/simulated_network.hpp"

namespace lamda::chaos {

struct Verdict {
    std::string failure;  ///< first broken promise; empty: none
    bool halted = false;  ///< by a reorg below finality, as required
    std::uint64_t rows = 0;
    std::uint64_t blocks = 0;
    std::uint64_t reorgs = 0;
    std::uint64_t deepest_reorg = 0;
    std::uint64_t calls = 0;
    std::uint64_t impatient_calls = 0;
    Millis took{0};               ///< duration in the chain's time
    std::uint64_t damaged = 0;    ///< final rows that were deleted or added, for the audit to find
    std::uint64_t unsettled = 0;  ///< blocks that the audit deferred
    SinkCounts sink;
    simulator::FaultCounts faults;
};

using Trace = std::function<void(const std::string&)>;

/// @param database migrated, with the table of Rows; emptied first @param trace may be empty
Verdict simulate(const Scenario& scenario, store::Database& database, const Trace& trace,
                 const telemetry::Log& log);

}  // namespace lamda::chaos
