// Connects the service: two final-only streams, the planner that joins them, and the sender.
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
    /// Registers the service's steps and loops with the app. `config` must outlive it.
    Service(runtime::App& app, const Config& config);

  private:
    void connect();
    ChainId chain_of_opbnb();
    void require_signer();
    std::string owner_contradiction(eth::Rpc& rpc) const;
    void require_owner();
    [[noreturn]] void refuse_or_wait(const std::string& message);
    void run_ledger(const std::stop_token& stop);
    void compare_ledger();
    void run_proofs(const std::stop_token& stop);
    void run_sender(const std::stop_token& stop);
    void run_count_check(const std::stop_token& stop);
    std::string waiting_for();
    void stand_by();

    runtime::App& app_;
    const Config& config_;
    store::Database database_;
    store::DatabaseClock clock_;
    std::unique_ptr<runtime::Identity> identity_;
    const crypto::Signer& signer_;
    pgingest::PgLease lease_;  ///< one for both streams, because their rows are joined
    streamrunner::StreamRunner bsc_;
    streamrunner::StreamRunner opbnb_;
    Wakeup ledger_wakeup_;
    JobsProjection jobs_;
    IncrementsProjection increments_;
    JobsRepair jobs_repair_;
    IncrementsRepair increments_repair_;
    // Set by connect(), which reads opBNB's chain id.
    std::unique_ptr<IncrementPlanner> planner_;
    std::unique_ptr<CountProof> count_proof_;
    std::unique_ptr<pgledger::PgTxQueue> tx_queue_;
    IncrementPolicy policy_;
    std::unique_ptr<txsender::Sender> sender_;
    std::atomic<bool> may_send_ = false;
    Wakeup sender_start_;  ///< may_send_ is set
};

}  // namespace lamda::reputation
