// LogStream: the canonical logs of some contracts, in order, each once; and how to take them back after a
// reorg.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <variant>
#include <vector>

#include "core/clock.hpp"
#include "eth/rpc.hpp"
#include "ingest/errors.hpp"
#include "ingest/lease.hpp"
#include "ingest/stream_memory.hpp"
#include "telemetry/health.hpp"
#include "telemetry/log.hpp"
#include "telemetry/metrics.hpp"

namespace lamda::rpcpool {
class MultiRpc;
}

namespace lamda::ingest {

/// How sure a block must be before it is acted upon.
struct FinalityRule {
    enum class Kind { kLatest, kSafe, kFinalized, kDepth } kind = Kind::kFinalized;
    Millis depth{0};                 ///< kDepth: that old
    Millis max_age{60'000};          ///< an older `safe`/`finalized` block is not believed
    std::optional<Millis> fallback;  ///< then: blocks that old count as final; absent: wait
};
/// `latest|safe|finalized|<duration>`. Errors: `invalid_finality`.
Result<FinalityRule> parse_finality(std::string_view text);

struct BlockHeader {
    BlockRef ref;
    BlockHash parent_hash;
    std::uint64_t timestamp = 0;
};

/// Blocks (from.number, to.number] follow the cursor `from`. Applied whole or not at all.
struct Batch {
    std::optional<BlockRef> from;  ///< the cursor this moves from; absent: the stream's very first batch
    BlockRef to;                   ///< the cursor after it
    std::uint64_t to_timestamp = 0;
    std::vector<BlockHeader>
        headers;  ///< of every block above finality, and of each block that has logs; ascending
    std::vector<eth::Log> logs;  ///< by block and log index, ascending
    BlockNum boundary;           ///< blocks up to here fulfil the FinalityRule (may be below or above `to`)
    BlockNum finalized;          ///< what can no longer be reorganised: headers below may be pruned
    /// `to` was the head when this was read; for an only_final stream, the boundary.
    bool caught_up = false;
    /// Blocks above `to` are called final already: this is history, and more of it follows at once.
    bool is_history = false;
    std::optional<BlockNum>
        start{};  ///< of the very first batch: the first block that the stream is to deliver
};

/// Every block above `to` is no longer canonical.
struct Unwind {
    BlockRef from;
    BlockRef to;
};

/// What a stream reads.
struct Watched {
    ChainId chain;
    std::vector<Address> contracts;  ///< ascending
    bool operator==(const Watched&) const = default;
};

/// Where a stream's effects go. Each call is one transaction that moves the cursor by compare-and-set on
/// `from`;
/// @throws CursorMoved when it is elsewhere.
class StreamSink {
  public:
    virtual ~StreamSink() = default;
    virtual std::optional<BlockRef> cursor() = 0;
    /// Headers kept above finality, descending from the cursor: for the walk back.
    virtual std::vector<BlockHeader> recent_headers() = 0;
    virtual void apply(const Batch& batch) = 0;
    virtual void unwind(const Unwind& unwind) = 0;
    /// The boundary rose without a new block (finality of blocks already applied), or the stream found itself
    /// caught up without one. Only called while there is no block left to apply: the stream is caught up.
    virtual void boundary(BlockNum boundary, BlockNum finalized) = 0;
    /// Records what the stream reads, while it has no cursor or where nothing is recorded yet. Returns what
    /// is recorded: when that differs, the cursor and the rows are another's.
    virtual Watched bind(const Watched& watched) = 0;
};

/// How messages name what a person may have set wrongly.
struct SettingNames {
    std::string endpoints = "the endpoints";
    std::string chain_id = "the chain id";
    std::string contracts = "the contracts' addresses";
    std::string start_block = "the start block";
    std::string verify_receipts = "VERIFY_RECEIPTS";
};

struct StreamConfig {
    std::string name;  ///< `dispatcher:bsc`; key of its rows
    std::vector<Address> contracts;
    std::vector<Topic> topics;
    std::optional<BlockNum> start_block;  ///< absent: found by eth_getCode, where the node has history
    std::optional<ChainId> chain_id;      ///< absent: the first one seen
    FinalityRule finality;
    bool only_final = false;  ///< deliver nothing above the boundary (reputation)
    /// Read logs by receipts only, and compare the receipts' root with the header, and the header's hash with
    /// its fields: no endpoint can then invent or hide an event of a block that others know. Costs a call for
    /// every block.
    bool verify_receipts = false;
    std::optional<std::uint32_t> jitter_seed;  ///< of the pauses after failures; absent: random
    SettingNames settings;
};

/// What a stream may have beside its checkpoint; neither is needed for its promises.
struct StreamOptions {
    StreamMemory* memory = nullptr;  ///< what was learned of endpoints outlives the process
    Lease* lease = nullptr;          ///< while another instance holds it, this one reads nothing
};

class LogStream {
  public:
    LogStream(StreamConfig config, rpcpool::MultiRpc& rpc, StreamSink& sink, const Clock& clock,
              telemetry::Log log, telemetry::Metrics& metrics, telemetry::Health& health,
              StreamOptions options = {});
    ~LogStream();
    /// Until stopped. Survives failures of the endpoints and of the sink by trying again.
    /// Health check `chain:<name>`. @throws ConfigContradiction, FinalityViolated
    void run(const std::stop_token& stop);

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace lamda::ingest
