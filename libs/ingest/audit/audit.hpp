// Audit: reads final blocks a second time, slowly and from another endpoint, and repairs rows that differ.
// Finds wrong answers that a stream accepted and manual changes of rows.
#pragma once

#include <memory>
#include <stop_token>

#include "ingest/audit/audit_sink.hpp"
#include "rpcpool/multi_rpc.hpp"

namespace lamda::ingest {

/// Each step compares one range, read from another endpoint than the stream's preferred one if there is
/// another. Where rows differ, every endpoint is called for the block and must prove its answer; rows are
/// changed only to what is proven and not contradicted. A difference that stays unproven after several tries
/// is counted and left unrepaired, once every endpoint has answered or has been unreachable for 5 minutes.
///
/// Metrics: `lamda_chain_sweep_block`, `lamda_chain_sweep_logs_total`, `…_repaired_total`,
/// `…_unsettled_total`.
class Audit {
  public:
    enum class Step {
        kSwept,    ///< a range was compared
        kNothing,  ///< every final block is compared
        kFailed,   ///< no endpoint could be read, or none proved its answer; retry the same range later
    };

    /// @param rpc the stream's endpoints; each is called over its own connection
    /// @param pace pause between two ranges
    Audit(StreamConfig config, Millis pace, rpcpool::MultiRpc& rpc, AuditSink& sink, const Clock& clock,
          telemetry::Log log, telemetry::Metrics& metrics);
    ~Audit();

    /// Runs until stopped; reads only while `lease` (if given) is held.
    void run(const std::stop_token& stop, Lease* lease = nullptr);
    /// @throws errors of the storage
    Step step(const std::stop_token& stop);

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace lamda::ingest
