// The projector as the stream sees it, with injected faults and checks of every promise that can be checked
// while the stream runs.
#pragma once

#include <map>
#include <random>
#include <stop_token>

#include "chaos/rows.hpp"
#include "chaos/scenario.hpp"

namespace lamda::chaos {

struct SinkCounts {
    std::uint64_t batches = 0;
    std::uint64_t unwinds = 0;
    std::uint64_t deepest_unwind = 0;
    std::uint64_t failures = 0;  ///< thrown to the stream
    std::uint64_t rivals = 0;    ///< batches that another writer had applied
    std::uint64_t restarts = 0;
};

class WatchedSink final : public ingest::StreamSink {
  public:
    WatchedSink(const Scenario& scenario, store::Database& database, const simulator::ScriptedChain& chain,
                simulator::Miner& miner);

    /// Starts a new process run: only stored state remains. Requests `stop` when the run should end.
    void begin(std::stop_source stop);
    /// The first broken promise; empty: none.
    const std::string& broken() const { return broken_; }
    /// True at the end of the scenario.
    bool finished() const { return finished_; }
    /// The canonical branch before a reorg below finality; empty: no such reorg.
    const simulator::Branch& violated() const { return violated_; }
    /// Blocks with committed logs that were not unwound.
    const std::map<BlockNum, BlockHash>& stored() const { return stored_; }
    /// The highest block that was reported as final.
    BlockNum final_reported() const { return final_reported_; }
    const SinkCounts& counts() const { return counts_; }
    std::optional<BlockRef> stored_cursor();

    std::optional<BlockRef> cursor() override;
    std::vector<ingest::BlockHeader> recent_headers() override;
    void apply(const ingest::Batch& batch) override;
    void unwind(const ingest::Unwind& unwind) override;
    void boundary(BlockNum boundary, BlockNum finalized) override;
    ingest::Watched bind(const ingest::Watched& watched) override;

  private:
    bool chance(double share);
    void fail();
    template <class Write>
    void with_luck(Write&& write);
    void applied(const ingest::Batch& batch);
    void check(const pgingest::StreamState& state);
    void check_boundary(BlockNum boundary);
    void broke(const std::string& what);
    void after_commit(BlockNum cursor);

    const Scenario& scenario_;
    store::Database& database_;
    const simulator::ScriptedChain& chain_;
    simulator::Miner& miner_;
    std::mt19937_64 random_;
    Rows rows_;
    std::unique_ptr<pgingest::Projector> projector_;
    std::stop_source stop_;
    std::string broken_;
    bool finished_ = false;
    simulator::Branch violated_;
    SinkCounts counts_;

    /// Blocks with stored logs, and the block up to which they were checked as canonical.
    std::map<BlockNum, BlockHash> stored_;
    std::optional<BlockNum> last_;
    BlockNum final_reported_;
    BlockNum checked_;
    std::uint64_t highest_ = 0;  ///< highest head seen on the chain
};

}  // namespace lamda::chaos
