// After the work: confirmResult and claimReward on BSC, once each.
#pragma once

#include <stop_token>

#include "bsc_identity.hpp"
#include "chain/sender.hpp"
#include "file_ledger.hpp"
#include "journal.hpp"

namespace lamda::agent {

struct SettlementConfig {
    Address job_manager;
    bool confirm = false;
    bool claim = false;
    Millis pace{500};
};

class Settlement {
  public:
    Settlement(SettlementConfig config, Journal& journal, FileTxLedger& ledger, eth::Rpc& bsc,
               BscIdentity& identity, const crypto::Signer& signer, const Clock& clock, telemetry::Log log,
               telemetry::Metrics& metrics, telemetry::Health& health);
    /// @throws runtime::ConfigError when the endpoint is on another chain; what Sender::step throws
    void run(const std::stop_token& stop);

  private:
    void note_intents();
    std::optional<chain::Objection> objection(const chain::Intent& intent);
    /// @throws what the endpoint throws
    std::optional<std::string> precheck(const chain::Intent& intent);

    SettlementConfig config_;
    Journal& journal_;
    FileTxLedger& ledger_;
    eth::Rpc& bsc_;
    BscIdentity& identity_;
    const crypto::Signer& signer_;
    const Clock& clock_;
    telemetry::Log log_;
    telemetry::Metrics& metrics_;
    telemetry::Health& health_;
};

/// `confirm:0x<jobId>`, `claim:0x<jobId>`
std::string confirm_key(const JobId& job);
std::string claim_key(const JobId& job);

}  // namespace lamda::agent
