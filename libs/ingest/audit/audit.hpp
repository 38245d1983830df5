// Audit: reads what is final once more, slowly and from another endpoint, and repairs the rows where they
// differ. A backstop: whatever a stream was told or a hand has changed, it is noticed.
#pragma once

#include <memory>
#include <stop_token>

#include "ingest/audit/audit_sink.hpp"
#include "rpcpool/multi_rpc.hpp"

namespace lamda::ingest {

/// One range at each step: read from another endpoint than the stream asks first, where there is another.
/// Where the rows differ, every endpoint is asked for the block and must prove its answer; the rows follow
/// what is proven and not contradicted. What cannot be settled after some tries, although every endpoint has
/// answered or been away for minutes, is counted and left as it is.
///
/// Metrics: `lamda_chain_sweep_block`, `lamda_chain_sweep_logs_total`, `…_repaired_total`,
/// `…_unsettled_total`.
class Audit {
  public:
    enum class Step {
        kSwept,    ///< a range was compared
        kNothing,  ///< nothing is final that was not compared yet
        kFailed,   ///< no endpoint could be read, or none told for certain: the same range again, later
    };

    /// @param rpc the stream's endpoints; each is asked over a connection of its own
    /// @param pace between two ranges
    Audit(StreamConfig config, Millis pace, rpcpool::MultiRpc& rpc, AuditSink& sink, const Clock& clock,
          telemetry::Log log, telemetry::Metrics& metrics);
    ~Audit();

    /// Until stopped, while `lease` (if there is one) is held.
    void run(const std::stop_token& stop, Lease* lease = nullptr);
    /// @throws what storage throws
    Step step(const std::stop_token& stop);

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace lamda::ingest
