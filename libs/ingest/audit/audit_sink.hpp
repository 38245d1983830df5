// What a sweep needs of the rows that it holds against the chain.
#pragma once

#include <set>
#include <string>

#include "ingest/log_stream.hpp"

namespace lamda::ingest {

/// Blocks first … blocks.to, all of them final and applied, as another reading of the chain tells them.
struct RangeSnapshot {
    BlockNum first;
    Batch blocks;
};

/// Where the rows and another reading of the same blocks disagree.
struct Differences {
    std::set<BlockNum> blocks;
    std::size_t logs = 0;  ///< missing, surplus, or with other contents
};

struct AuditState {
    ChainId chain;
    BlockNum final;                ///< blocks up to here are applied, final, and settled (`kSettledDepth`)
    std::optional<BlockNum> upto;  ///< compared so far; absent: nothing yet
};

/// What became of one range.
struct AuditOutcome {
    std::size_t logs = 0;       ///< compared
    std::size_t unsettled = 0;  ///< blocks whose difference was left as it is
    std::string last_error{};   ///< of the last of these: why
};

/// Each call is one transaction. @throws what storage throws
class AuditSink {
  public:
    virtual ~AuditSink() = default;
    /// Absent: the stream has applied nothing that is settled yet.
    virtual std::optional<AuditState> state() = 0;
    virtual Differences compare(const RangeSnapshot& again) = 0;
    /// Makes the rows what `again` says; how many differences it removed, and those that must stay.
    /// @throws FinalityViolated when the rows are of another block of the same height
    struct Repaired {
        std::size_t logs = 0;
        Differences left;
    };
    virtual Repaired repair(const RangeSnapshot& again) = 0;
    /// Blocks first … last are done with. Nothing happens when another instance was there before.
    virtual void passed(BlockNum first, BlockNum last, const AuditOutcome& outcome) = 0;
};

}  // namespace lamda::ingest
