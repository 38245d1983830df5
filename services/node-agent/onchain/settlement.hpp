// Sends confirmResult and claimReward for completed jobs on BSC, once each.
#pragma once

#include <functional>
#include <memory>
#include <stop_token>

#include "services/node-agent/onchain/bsc_identity.hpp"
#include "services/node-agent/onchain/file_tx_queue.hpp"
#include "services/node-agent/onchain/onchain_jobs.hpp"
#include "services/node-agent/state/journal.hpp"
#include "telemetry/context.hpp"
#include "txsender/sender.hpp"

namespace lamda::agent {

struct SettlementConfig {
    Address job_manager;
    bool confirm = false;
    bool claim = false;
    Millis pace{500};
};

class Settlement {
  public:
    /// Opens the endpoints, expecting them on the given chain.
    using Open = std::function<std::unique_ptr<rpcpool::MultiRpc>(ChainId)>;
    Settlement(SettlementConfig config, Journal& journal, FileTxQueue& tx_queue, Open open,
               const BscIdentity& identity, const crypto::Signer& signer, const telemetry::Context& context);
    /// Runs until stopped; restarts if the chain id is corrected. @throws runtime::ConfigError if all
    /// endpoints are on another chain than configured; as Sender::step does
    void run(const std::stop_token& stop);

  private:
    /// Runs until stopped, or until another chain id is known.
    void settle(ChainId chain, rpcpool::MultiRpc& bsc, const std::stop_token& stop);
    txsender::Intent intent_of(std::string key) const;
    void note_intents();
    /// Objections to the intents, in their order. @throws as eth::Rpc does
    std::vector<std::optional<txsender::Objection>> precheck(OnchainJobs& onchain,
                                                             const std::vector<txsender::Intent>& intents);
    std::optional<txsender::Objection> may_confirm(OnchainJobs& onchain, const JobId& job,
                                                   const Result<OnchainJob>& final);
    /// Reports in `agent:proof` if only one BSC endpoint is set, which no other can contradict.
    void show_trust(rpcpool::MultiRpc& bsc);

    SettlementConfig config_;
    Journal& journal_;
    FileTxQueue& tx_queue_;
    Open open_;
    const BscIdentity& identity_;
    const crypto::Signer& signer_;
    const Clock& clock_;
    telemetry::Log log_;
    telemetry::Metrics& metrics_;
    telemetry::Health& health_;
};

/// Intent keys `confirm:0x<jobId>` and `claim:0x<jobId>`.
std::string confirm_key(const JobId& job);
std::string claim_key(const JobId& job);
/// Call for such a key, the only keys that the agent signs on BSC. Errors: `unknown_key`.
Result<txsender::Call> settlement_call(const Address& job_manager, std::string_view key);

}  // namespace lamda::agent
