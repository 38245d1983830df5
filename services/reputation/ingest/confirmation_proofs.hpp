// Proves confirmations by the chain's endpoints before anything follows from them.
#pragma once

#include <optional>

#include "ingest/proof/proven_chain.hpp"
#include "services/reputation/ingest/journal_store.hpp"
#include "store/database.hpp"
#include "telemetry/context.hpp"

namespace lamda::reputation {

/// Result of the proof of one confirmation.
struct Verdict {
    enum class Kind {
        kProven,   ///< for `provider`
        kRefuted,  ///< the chain has no such confirmation
        kWaits,    ///< not decidable now
    };
    Kind kind = Kind::kWaits;
    Address provider{};
    std::string reason{};
};
/// @param block the proven block of the confirmation
/// @param job JobManager's answer to getJobInfo
Verdict verdict_of(const Confirmation& row, const Result<ingest::BlockView>& block, const Result<Bytes>& job);

struct ProofConfig {
    Address job_manager;
    std::string jobs_stream;  ///< the stream of the confirmations
    std::size_t at_once = 8;  ///< blocks that are proven concurrently
};

/// Processes unproven confirmations in batches, oldest first. The event must be in a proven block
/// (`ingest::ProvenChain`), and the endpoints must agree on the job's provider. Removes a refuted
/// confirmation, and makes the audit compare the blocks from there on again: the true event may follow.
///
/// Health check `reputation:proof`: not ok if a confirmation has waited for half a minute.
class ConfirmationProofs {
  public:
    /// @param bsc must outlive this object
    ConfirmationProofs(ProofConfig config, store::Database& database, rpcpool::MultiRpc& bsc,
                       const telemetry::Context& context);

    /// Processes one batch; returns the number proven. @throws store errors, and as
    /// ingest::ProvenChain::begin()
    std::size_t pass();
    /// Reports that another instance proves.
    void stand_by();

  private:
    std::vector<Verdict> verdicts(const std::vector<Confirmation>& rows);
    void save(const std::vector<Confirmation>& rows, const std::vector<Verdict>& verdicts);
    /// Returns the number of proven rows; counts the waiting ones and logs the refuted ones.
    std::size_t count(const std::vector<Confirmation>& rows, const std::vector<Verdict>& found);
    void report(const std::string& waiting);

    ProofConfig config_;
    store::Database& database_;
    rpcpool::MultiRpc& bsc_;
    const Clock& clock_;
    telemetry::Log log_;
    telemetry::Health& health_;
    telemetry::Gauge unproven_;
    telemetry::Counter refuted_;
    ingest::ProvenChain chain_;
    /// One round over all unproven confirmations.
    struct Round {
        LogPlace upto;
        std::size_t waiting = 0;
        std::string reason;  ///< of the last one that waits
    };
    Round round_;
    std::optional<Steady> waiting_since_;
};

}  // namespace lamda::reputation
