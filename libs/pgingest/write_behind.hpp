// WriteBehind: a stream's sink that writes one large batch while the next is read and prepared. Between the
// stream and its Projector.
#pragma once

#include <future>

#include "pgingest/two_phase_sink.hpp"

namespace lamda::pgingest {

/// A batch of at least `large` logs is under way when apply() returns, one at a time; every other call waits
/// for it first, apply() after it has prepared its own batch. An error of it is thrown by the call that comes
/// next, which then does nothing of its own: the stream takes up its cursor again, as after any failure. What
/// is promised of the checkpoint stays as it is, for it moves with its effects in one transaction: only
/// apply() no longer says that they are there. For one thread.
class WriteBehind final : public ingest::StreamSink {
  public:
    /// Fewer logs are written sooner than a thread is woken.
    static constexpr std::size_t kLarge = 500;

    explicit WriteBehind(TwoPhaseSink& sink, std::size_t large = kLarge) : sink_(sink), large_(large) {}
    /// Waits; an error that nobody has asked for is lost, and so is its batch: it will be read again.
    ~WriteBehind() override = default;
    std::optional<BlockRef> cursor() override;
    std::vector<ingest::BlockHeader> recent_headers() override;
    void apply(const ingest::Batch& batch) override;
    void unwind(const ingest::Unwind& unwind) override;
    void boundary(BlockNum boundary, BlockNum finalized) override;
    ingest::Watched bind(const ingest::Watched& watched) override;

    /// Waits for what is under way. @throws what it threw, once
    void settle();

  private:
    TwoPhaseSink& sink_;
    std::size_t large_;
    std::future<void> under_way_;  ///< its destructor waits
};

}  // namespace lamda::pgingest
