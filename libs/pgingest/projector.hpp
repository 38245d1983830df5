// Projector: a chain stream's persistence. Checkpoint, headers and a projection's effects move in ONE
// transaction.
#pragma once

#include <functional>
#include <string>

#include "pgingest/two_phase_sink.hpp"
#include "store/database.hpp"

namespace lamda::pgingest {

/// What a stream stands at, as its projection may see it inside the transaction.
struct StreamState {
    BlockNum boundary;  ///< blocks up to here fulfil the consumer's finality rule
    BlockNum finalized;
    bool caught_up = false;  ///< the cursor has reached the head once since this process started
};

/// A service's half. Called inside the transaction that moves the cursor (again, when that met a conflict);
/// throws nothing of its own on odd chain content: the chain is always right.
class Projection {
  public:
    virtual ~Projection() = default;
    /// What apply() does with a batch, when a part of it was done ahead. Called again when its transaction
    /// met a conflict.
    using PreparedApply = std::function<void(store::Txn&, const ingest::Batch&, const StreamState&)>;
    /// Works ahead on a batch: outside its transaction, maybe while another thread is inside apply() with the
    /// batch before. What is returned then stands for apply(); empty: there is nothing to gain.
    virtual PreparedApply prepare(const ingest::Batch& /*batch*/) { return {}; }
    virtual void apply(store::Txn& txn, const ingest::Batch& batch, const StreamState& state) = 0;
    virtual void unwind(store::Txn& txn, const ingest::Unwind& unwind, const StreamState& state) = 0;
    /// The boundary rose, or the stream caught up, without a new block.
    virtual void boundary(store::Txn& txn, const StreamState& state) = 0;
};

/// chain.cursor, chain.header and chain.reorg of one stream. Compare-and-set on (number, hash): @throws
/// ingest::CursorMoved. For one thread, but prepare().
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
    /// Where a call left the cursor whose COMMIT was in doubt. @throws store::InDoubt
    void settle(const BlockRef& wanted);

    store::Database& database_;
    std::string stream_;
    Projection& projection_;
    std::optional<BlockRef> at_;  ///< the cursor as this writer knows it
    bool caught_up_ = false;
};

}  // namespace lamda::pgingest
