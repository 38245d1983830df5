// LogStream: delivers the canonical logs of contracts in order, each once, and unwinds them after a reorg.
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
#include "telemetry/context.hpp"

namespace lamda::rpcpool {
class MultiRpc;
}

namespace lamda::ingest {

/// Condition that a block must fulfil before it is acted upon.
struct FinalityRule {
    enum class Kind { kLatest, kSafe, kFinalized, kDepth } kind = Kind::kFinalized;
    Millis depth{0};                 ///< kDepth: minimum age
    Millis max_age{60'000};          ///< maximum age of a `safe`/`finalized` block that is accepted
    std::optional<Millis> fallback;  ///< for an older tag: blocks of this age count as final; absent: wait
};
/// `latest|safe|finalized|<duration>`. Errors: `invalid_finality`.
Result<FinalityRule> parse_finality(std::string_view text);

struct BlockHeader {
    BlockRef ref;
    BlockHash parent_hash;
    std::uint64_t timestamp = 0;
};

/// Blocks (from.number, to.number] that follow the cursor `from`. Applied as a whole or not at all.
struct Batch {
    std::optional<BlockRef> from;  ///< cursor before this batch; absent: the first batch of the stream
    BlockRef to;                   ///< cursor after this batch
    std::uint64_t to_timestamp = 0;
    std::vector<BlockHeader>
        headers;  ///< of every block above finality, and of each block that has logs; ascending
    std::vector<eth::Log> logs;  ///< by block and log index, ascending
    BlockNum boundary;   ///< blocks up to this one fulfil the FinalityRule (may be below or above `to`)
    BlockNum finalized;  ///< blocks up to this one cannot be reorganised; headers below may be pruned
    /// True when `to` was the head at the time of reading; for an only_final stream, the boundary.
    bool caught_up = false;
    /// True when blocks above `to` are final already: this is history, and more follows at once.
    bool is_history = false;
    std::optional<BlockNum> start{};  ///< in the first batch: the first block that the stream delivers
};

/// Every block above `to` is no longer canonical.
struct Unwind {
    BlockRef from;
    BlockRef to;
};

/// Chain and contracts that a stream reads.
struct Watched {
    ChainId chain;
    std::vector<Address> contracts;  ///< ascending
    bool operator==(const Watched&) const = default;
};

/// Storage for a stream's effects. Each call is one transaction: a compare-and-set of the cursor on `from`.
/// @throws CursorMoved when the cursor is not at `from`
class StreamSink {
  public:
    virtual ~StreamSink() = default;
    virtual std::optional<BlockRef> cursor() = 0;
    /// Headers stored above finality, descending from the cursor: for the walk back.
    virtual std::vector<BlockHeader> recent_headers() = 0;
    virtual void apply(const Batch& batch) = 0;
    virtual void unwind(const Unwind& unwind) = 0;
    /// Reports that the boundary rose without a new block (finality of applied blocks), or that the stream
    /// has caught up without one. Called only when no block is left to apply: the stream is caught up.
    virtual void boundary(BlockNum boundary, BlockNum finalized) = 0;
    /// Records what the stream reads, when there is no cursor or no record yet. Returns the record: when it
    /// differs from `watched`, the cursor and the rows belong to another chain or contract.
    virtual Watched bind(const Watched& watched) = 0;
};

/// Names of settings, for error messages.
struct SettingNames {
    std::string endpoints = "the endpoints";
    std::string chain_id = "the chain id";
    std::string contracts = "the contracts' addresses";
    std::string start_block = "the start block";
    std::string verify_receipts = "VERIFY_RECEIPTS";
};

struct StreamConfig {
    std::string name;  ///< `dispatcher:bsc`; key of the stream's rows
    std::vector<Address> contracts;
    std::vector<Topic> topics;
    std::optional<BlockNum> start_block;  ///< absent: found by eth_getCode, if a node has old state
    std::optional<ChainId> chain_id;      ///< absent: the first chain id received
    FinalityRule finality;
    bool only_final = false;  ///< deliver nothing above the boundary (reputation)
    /// Reads logs from receipts only; requires that the receipts' root is the header's and that the header's
    /// hash is that of its fields. Then no endpoint can invent or hide an event of a block that others know.
    /// Costs a call for every block.
    bool verify_receipts = false;
    std::optional<std::uint32_t> jitter_seed;  ///< for the pauses after failures; absent: random
    SettingNames settings;
};

/// Optional parts of a stream, in addition to its checkpoint. No promise depends on them.
struct StreamOptions {
    StreamMemory* memory = nullptr;  ///< stores endpoint statistics across restarts
    Lease* lease = nullptr;          ///< while another instance holds it, this instance reads nothing
};

class LogStream {
  public:
    LogStream(StreamConfig config, rpcpool::MultiRpc& rpc, StreamSink& sink,
              const telemetry::Context& context, StreamOptions options = {});
    ~LogStream();
    /// Runs until stopped. Retries after failures of the endpoints and of the sink.
    /// Health check `chain:<name>`. @throws ConfigContradiction, FinalityViolated
    void run(const std::stop_token& stop);

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace lamda::ingest
