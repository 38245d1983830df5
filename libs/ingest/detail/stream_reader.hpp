// StreamReader: one stream, step by step; LogStream::run repeats the steps. Each step polls the chain and
// moves the sink's cursor as far as possible; it never sleeps.
#pragma once

#include <map>
#include <optional>

#include "ingest/backfill.hpp"
#include "ingest/detail/block_reader.hpp"
#include "ingest/detail/finality_watch.hpp"
#include "ingest/log_stream.hpp"
#include "rpcpool/errors.hpp"
#include "rpcpool/pacing.hpp"

namespace lamda::ingest {

class StreamReader {
  public:
    enum class Progress {
        kMoved,     ///< the cursor moved and more may follow; step again at once
        kNewBlock,  ///< the cursor moved to the head
        kNothing,   ///< no new block
        kReading,   ///< blocks are in flight; step again at once
        kWaiting,   ///< nodes contradict one another, or finality is not known; step again soon
    };

    StreamReader(const StreamConfig& config, rpcpool::MultiRpc& rpc, StreamSink& sink, const Clock& clock,
                 const telemetry::Log& log, telemetry::Metrics& metrics);

    /// @throws ConfigContradiction, FinalityViolated; errors of endpoint and sink, after which to step again
    Progress step();
    /// Drops the state: the cursor may have moved, and the next step loads it again.
    void forget();

    bool caught_up() const { return caught_up_; }
    /// Number of logs applied in this process run.
    std::uint64_t logs_applied() const { return logs_applied_; }
    Millis interval() const { return interval_.get(); }
    /// Reason why the stream is stalled; empty: none.
    const std::string& last_error() const { return last_error_; }
    std::optional<BlockRef> cursor() const { return cursor_; }
    const eth::Header& head() const { return head_; }

  private:
    void check_identity();
    void open();
    void place_cursor();
    [[noreturn]] void doubt(const rpcpool::ConfigContradiction& error);
    bool contradicts(const std::optional<eth::Header>& header) const;
    void notice_lag();
    Progress advance(BlockNum target);
    BlocksRead read(BlockNum next, BlockNum target);
    bool apply(BlocksRead read, BlockNum target);
    void confirm_recent();
    BlockNum reported_boundary() const;
    Progress unwind();
    Progress violation();
    void no_violation();
    Progress idle();

    const StreamConfig& config_;
    rpcpool::MultiRpc& rpc_;
    StreamSink& sink_;
    const Clock& clock_;
    telemetry::Log log_;
    FinalityWatch finality_;
    BlockReader reader_;
    Backfill backfill_;
    rpcpool::BlockInterval interval_;

    bool open_ = false;
    std::optional<ChainId> chain_;
    bool checked_ = false;  ///< chain id and contracts were checked; once in a process run
    bool caught_up_ = false;
    std::string last_error_;
    std::uint64_t logs_applied_ = 0;
    eth::Header head_;
    std::optional<BlockRef> cursor_;
    std::map<BlockNum, BlockHeader> recent_headers_;  ///< our own headers from finality up to the cursor
    std::optional<std::pair<BlockNum, BlockNum>>
        last_reported_;  ///< boundary and finality that the sink knows
    unsigned violations_ = 0;
    std::optional<Steady> violated_since_;
    bool violation_counted_ = false;
    BlockNum highest_head_;
    unsigned contradictions_ = 0;
    std::optional<Steady> doubt_since_;
    std::optional<Steady> behind_since_;  ///< since this time the head is below the cursor

    telemetry::Gauge head_gauge_;
    telemetry::Gauge cursor_gauge_;
    telemetry::Gauge boundary_gauge_;
    telemetry::Counter reorgs_;
    telemetry::Counter logs_;
    telemetry::Counter violations_total_;
};

}  // namespace lamda::ingest
