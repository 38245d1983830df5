// WriteBehind: a sink between a stream and its Projector. Writes one large batch while the next is read and
// prepared.
#pragma once

#include <future>

#include "pgingest/two_phase_sink.hpp"

namespace lamda::pgingest {

/// For a batch of at least `large` logs, apply() returns while the write is in flight, one at a time. Every
/// other call waits for that write first; apply() prepares its own batch before it waits. An error of the
/// write is thrown by the next call, which then does nothing else: the stream reads its cursor again, as
/// after any failure. The checkpoint's guarantees hold, since it moves with its effects in one transaction;
/// only the return of apply() no longer means that they are written. Single-threaded.
class WriteBehind final : public ingest::StreamSink {
  public:
    /// Writing fewer logs is faster than waking a thread.
    static constexpr std::size_t kLarge = 500;

    explicit WriteBehind(TwoPhaseSink& sink, std::size_t large = kLarge) : sink_(sink), large_(large) {}
    /// Waits. Drops an error that no later call has fetched: the cursor has not moved, so the batch is read
    /// again.
    ~WriteBehind() override = default;
    std::optional<BlockRef> cursor() override;
    std::vector<ingest::BlockHeader> recent_headers() override;
    void apply(const ingest::Batch& batch) override;
    void unwind(const ingest::Unwind& unwind) override;
    void boundary(BlockNum boundary, BlockNum finalized) override;
    ingest::Watched bind(const ingest::Watched& watched) override;

    /// Waits for the write in flight. @throws its error, once
    void settle();

  private:
    TwoPhaseSink& sink_;
    std::size_t large_;
    std::future<void> in_flight_;  ///< the destructor waits
};

}  // namespace lamda::pgingest
