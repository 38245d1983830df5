// Projector: persists a chain stream. Checkpoint, headers and a projection's effects are written in ONE
// transaction.
#pragma once

#include <functional>
#include <string>

#include "pgingest/two_phase_sink.hpp"
#include "store/database.hpp"

namespace lamda::pgingest {

/// A stream's state, visible to its projection inside the transaction.
struct StreamState {
    BlockNum boundary;  ///< blocks up to here fulfil the consumer's finality rule
    BlockNum finalized;
};

/// A service's part. Called inside the transaction that moves the cursor, again after a conflict. Must not
/// throw on unexpected chain content: the chain is authoritative.
class Projection {
  public:
    virtual ~Projection() = default;
    /// The rest of apply() for a batch that was prepared. Called again after its transaction met a conflict.
    using PreparedApply = std::function<void(store::Txn&, const ingest::Batch&, const StreamState&)>;
    /// Prepares a batch outside its transaction, possibly while another thread is inside apply() with the
    /// previous batch. The result replaces apply(); empty: preparation is not supported.
    virtual PreparedApply prepare(const ingest::Batch& /*batch*/) { return {}; }
    virtual void apply(store::Txn& txn, const ingest::Batch& batch, const StreamState& state) = 0;
    virtual void unwind(store::Txn& txn, const ingest::Unwind& unwind, const StreamState& state) = 0;
    /// Called when the boundary rose or the stream caught up without a new block.
    virtual void boundary(store::Txn& txn, const StreamState& state) = 0;
    /// Called after each commit of apply() and boundary() once the cursor has reached the head in this
    /// process. A commit may fail: no call inside the transaction may say so.
    virtual void reached_head() {}
};

/// Writes chain.cursor, chain.header and chain.reorg of one stream. Compare-and-set on (number, hash).
/// @throws ingest::CursorMoved. Single-threaded, except prepare().
class Projector final : public TwoPhaseSink {
  public:
    Projector(store::Database& database, std::string stream, Projection& projection);
    std::optional<BlockRef> cursor() override;
    std::vector<ingest::BlockHeader> recent_headers() override;
    std::function<void()> prepare(const ingest::Batch& batch) override;
    void apply(const ingest::Batch& batch) override;
    void unwind(const ingest::Unwind& unwind) override;
    void boundary(BlockNum boundary, BlockNum finalized) override;
    ingest::Watched bind(const ingest::Watched& watched) override;

  private:
    void write(const ingest::Batch& batch, const Projection::PreparedApply& prepared);
    /// Resolves a COMMIT in doubt by reading the cursor. @throws store::InDoubt
    void settle(const BlockRef& wanted);

    store::Database& database_;
    std::string stream_;
    Projection& projection_;
    std::optional<BlockRef> at_;  ///< the cursor as this writer knows it
    bool caught_up_ = false;
};

}  // namespace lamda::pgingest
