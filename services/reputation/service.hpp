// The running service: two final-only streams, the duty that joins them, and the sender.
#pragma once

#include <memory>
#include <optional>

#include "pgingest/pg_lease.hpp"
#include "pgledger/pg_tx_queue.hpp"
#include "runtime/app.hpp"
#include "runtime/identity.hpp"
#include "services/reputation/config.hpp"
#include "services/reputation/ingest/journal_repair.hpp"
#include "services/reputation/ingest/projection.hpp"
#include "services/reputation/ledger/count_proof.hpp"
#include "services/reputation/ledger/increment_planner.hpp"
#include "services/reputation/sender/increment_policy.hpp"
#include "store/database_clock.hpp"
#include "streamrunner/stream_runner.hpp"

namespace lamda::reputation {

class Service {
  public:
    /// Registers its steps and loops with the app. The configuration must outlive it.
    Service(runtime::App& app, const Config& config);

  private:
    void connect();
    ChainId chain_of_opbnb();
    void require_signer();
    std::string owner_contradiction(eth::Rpc& rpc) const;
    void require_owner();
    [[noreturn]] void contradicted(const std::string& message);
    void keep_ledger(const std::stop_token& stop);
    void compare_ledger();
    void prove(const std::stop_token& stop);
    void send(const std::stop_token& stop);
    void check_counts(const std::stop_token& stop);
    std::string waiting_for();
    void stand_by();

    runtime::App& app_;
    const Config& config_;
    store::Database database_;
    store::DatabaseClock clock_;
    std::unique_ptr<runtime::Identity> identity_;
    const crypto::Signer& signer_;
    pgingest::PgLease lease_;  ///< one for both streams: their rows are joined here
    streamrunner::StreamRunner bsc_;
    streamrunner::StreamRunner opbnb_;
    JobsProjection jobs_;
    IncrementsProjection increments_;
    JobsRepair jobs_repair_;
    IncrementsRepair increments_repair_;
    // Known once opBNB has told its chain id.
    std::unique_ptr<IncrementPlanner> planner_;
    std::unique_ptr<CountProof> count_proof_;
    std::unique_ptr<pgledger::PgTxQueue> tx_queue_;
    IncrementPolicy policy_;
    std::unique_ptr<txsender::Sender> sender_;
    std::atomic<bool> may_send_ = false;
};

}  // namespace lamda::reputation
