// AuditSink: storage interface of an audit, for the rows that are compared with the chain.
#pragma once

#include <set>
#include <string>

#include "ingest/log_stream.hpp"

namespace lamda::ingest {

/// Blocks first … blocks.to, all final and applied, as read a second time from the chain.
struct RangeSnapshot {
    BlockNum first;
    Batch blocks;
};

/// Differences between the rows and a second reading of the same blocks.
struct Differences {
    std::set<BlockNum> blocks;
    std::size_t logs = 0;  ///< missing, surplus, or with other contents
};

struct AuditState {
    ChainId chain;
    BlockNum final;                ///< blocks up to this one are applied, final and `kSettledDepth` deep
    std::optional<BlockNum> upto;  ///< last block compared; absent: none yet
};

/// Result of one range.
struct AuditOutcome {
    std::size_t logs = 0;       ///< compared
    std::size_t unsettled = 0;  ///< blocks whose difference was left unrepaired
    std::string last_error{};   ///< reason for the last of these
};

/// Each call is one transaction. @throws errors of the storage
class AuditSink {
  public:
    virtual ~AuditSink() = default;
    /// Absent: the stream has applied no block that is final and settled yet.
    virtual std::optional<AuditState> state() = 0;
    virtual Differences compare(const RangeSnapshot& again) = 0;
    /// Changes the rows to `again`. Returns the number of differences removed, and those that must stay.
    /// @throws FinalityViolated when the rows are of another block of the same height
    struct Repaired {
        std::size_t logs = 0;
        Differences left;
    };
    virtual Repaired repair(const RangeSnapshot& again) = 0;
    /// Marks blocks first … last as compared. No effect when another instance has marked them before.
    virtual void passed(BlockNum first, BlockNum last, const AuditOutcome& outcome) = 0;
};

}  // namespace lamda::ingest
