// Activity on a scripted chain over time: blocks with own and foreign logs, and reorgs that drop, re-order
// and move logs. Everything follows from the seed.
#pragma once

#include <functional>
#include <random>
#include <string>

#include "simulator/scripted_chain.hpp"

namespace lamda::simulator {

struct MinerPlan {
    std::uint64_t seed = 1;
    Address contract{};
    Topic topic{};
    std::uint64_t contract_since = 0;  ///< the contract has no logs below this block
    Millis interval{450};
    std::uint64_t backlog = 200;     ///< blocks at the start
    std::uint64_t end_height = 300;  ///< from this block on: empty blocks, and no reorg
    double ours = 0.4;               ///< share of blocks with own logs (1 … 3)
    double noise = 0.5;              ///< share of blocks with logs of other contracts or topics
    double reorg = 0.05;             ///< share of blocks with a reorg
    std::uint64_t deepest = 8;       ///< most blocks that a reorg removes, never below finality

    /// Age of the chain at the start.
    Millis age() const { return interval * backlog; }
};

class Miner {
  public:
    /// Mines the backlog. The chain must be `plan.age()` old and have only genesis.
    Miner(ScriptedChain& chain, const Clock& clock, MinerPlan plan);

    /// Mines and reorganizes up to `now`.
    void run_until(Timestamp now);
    /// Reorganizes `depth` blocks at once, also above finality; the new branch is as long as the old one.
    void reorg(std::uint64_t depth);
    /// Time at which the chain reaches its end height, if nothing delays it.
    Millis quiet_after() const;
    std::uint64_t reorgs() const { return reorgs_; }
    std::uint64_t deepest_reorg() const { return deepest_; }
    bool quiet() const { return chain_.height() >= plan_.end_height; }

    /// If set, called with one line for each reorg.
    std::function<void(const std::string&)> trace;

  private:
    using BlockLogs = std::vector<eth::Log>;
    std::uint64_t pick(std::uint64_t most);
    bool chance(double share);
    eth::Log log(const Address& address, const Topic& topic);
    BlockLogs random_logs();
    void mine(BlockLogs logs);
    void maybe_reorg();
    /// The logs of the last blocks, changed: some removed, some in another block or order, some new.
    std::vector<BlockLogs> shuffled(std::uint64_t depth);

    ScriptedChain& chain_;
    MinerPlan plan_;
    Timestamp start_;
    std::mt19937_64 random_;
    std::uint64_t serial_ = 0;
    std::uint64_t reorgs_ = 0;
    std::uint64_t deepest_ = 0;
};

}  // namespace lamda::simulator
