// No confirmation is acted on before the chain's endpoints have proven it.
#pragma once

#include <optional>

#include "ingest/proof/proven_chain.hpp"
#include "services/reputation/ingest/journal_store.hpp"
#include "store/database.hpp"
#include "telemetry/health.hpp"
#include "telemetry/metrics.hpp"

namespace lamda::reputation {

/// What became of the proof of one confirmation.
struct Verdict {
    enum class Kind {
        kProven,   ///< for `provider`
        kRefuted,  ///< the chain has no such confirmation
        kWaits,    ///< nobody can tell now
    };
    Kind kind = Kind::kWaits;
    Address provider{};
    std::string reason{};
};
/// @param block what is proven of the confirmation's block
/// @param job what JobManager says of the job (getJobInfo)
Verdict judge(const Confirmation& row, const Result<ingest::BlockView>& block, const Result<Bytes>& job);

struct ProofConfig {
    Address job_manager;
    std::string jobs_stream;  ///< whose confirmations these are
    std::size_t at_once = 8;  ///< blocks that are proven at the same time
};

/// Looks at confirmations that are not proven, oldest first and some at a time. For each the event must stand
/// in a block that is proven (`ingest::ProvenChain`), and the endpoints must agree for which provider the job
/// is. One that is refuted is removed, and what follows its block is compared with the chain once more by the
/// sweep: the true one may have come after it.
///
/// Health check `reputation:proof`: not ok while one has waited for half a minute.
class ConfirmationProofs {
  public:
    /// @param bsc outlives it
    ConfirmationProofs(ProofConfig config, store::Database& database, rpcpool::MultiRpc& bsc,
                       const Clock& clock, telemetry::Log log, telemetry::Metrics& metrics,
                       telemetry::Health& health);

    /// How many it has proven. @throws what storage throws, and ingest::ProvenChain::begin()
    std::size_t pass();
    /// Another instance does it.
    void stand_by();

  private:
    std::vector<Verdict> verdicts(const std::vector<Confirmation>& rows);
    void keep(const std::vector<Confirmation>& rows, const std::vector<Verdict>& verdicts);
    /// How many are proven; the others are counted and told of.
    std::size_t count(const std::vector<Confirmation>& rows, const std::vector<Verdict>& found);
    void show(const std::string& waiting);

    ProofConfig config_;
    store::Database& database_;
    rpcpool::MultiRpc& bsc_;
    const Clock& clock_;
    telemetry::Log log_;
    telemetry::Health& health_;
    telemetry::Gauge unproven_;
    telemetry::Counter refuted_;
    ingest::ProvenChain chain_;
    /// From the oldest to the newest that is not proven.
    struct Round {
        LogPlace upto;
        std::size_t waiting = 0;
        std::string reason;  ///< why the last of these waits
    };
    Round round_;
    std::optional<Steady> waiting_since_;
};

}  // namespace lamda::reputation
