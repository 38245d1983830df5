// What happens on a scripted chain while time passes: blocks with logs of ours and of others, and reorgs that
// drop, re-order and move them. Everything follows from the seed.
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
    std::uint64_t contract_since = 0;  ///< no logs of the contract below that block
    Millis interval{450};
    std::uint64_t backlog = 200;     ///< blocks that are there at the start
    std::uint64_t end_height = 300;  ///< from there on: empty blocks, and no reorg
    double ours = 0.4;               ///< share of blocks with logs of ours (1 … 3)
    double noise = 0.5;              ///< share of blocks with logs of other contracts or topics
    double reorg = 0.05;             ///< share of blocks that come with a reorg
    std::uint64_t deepest = 8;       ///< blocks that a reorg takes away at most, never below finality

    /// How old the chain is at the start.
    Millis age() const { return interval * backlog; }
};

class Miner {
  public:
    /// Mines the backlog of a chain that is `plan.age()` old and has only genesis.
    Miner(ScriptedChain& chain, const Clock& clock, MinerPlan plan);

    /// Lets the chain grow to what it is at that time.
    void run_until(Timestamp now);
    /// One reorg of `depth` blocks, at once, above finality or not; the new branch is as long as the old one.
    void reorg(std::uint64_t depth);
    /// When the chain reaches its end height, if nothing delays it.
    Millis quiet_after() const;
    std::uint64_t reorgs() const { return reorgs_; }
    std::uint64_t deepest_reorg() const { return deepest_; }
    bool quiet() const { return chain_.height() >= plan_.end_height; }

    /// When set, is told each reorg in one line.
    std::function<void(const std::string&)> trace;

  private:
    using BlockLogs = std::vector<eth::Log>;
    std::uint64_t pick(std::uint64_t most);
    bool chance(double share);
    eth::Log log(const Address& address, const Topic& topic);
    BlockLogs random_logs();
    void mine(BlockLogs logs);
    void maybe_reorg();
    /// The logs of the last blocks, otherwise: some gone, some in another block or order, some new.
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
