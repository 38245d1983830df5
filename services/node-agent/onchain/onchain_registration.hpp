// OnchainRegistration on opBNB: registration when wanted, and the on-chain heartbeat.
#pragma once

#include <stop_token>

#include "services/node-agent/onchain/file_tx_queue.hpp"
#include "txsender/sender.hpp"

namespace lamda::agent {

struct RegistrationConfig {
    Address node_reputation;
    std::optional<ChainId> chain_id;
    Millis heartbeat_interval{300'000};  ///< 0: none
    bool register_node = false;
    std::string gpu_model;
    std::uint64_t vram_mib = 0;
};

/// What `register:<time>` and `heartbeat:<time>` stand for: all that the agent signs on opBNB. Errors:
/// `unknown_key`.
Result<txsender::Call> presence_call(const RegistrationConfig& config, std::string_view key);

class OnchainRegistration {
  public:
    OnchainRegistration(RegistrationConfig config, FileTxQueue& tx_queue, eth::Rpc& opbnb,
                        const crypto::Signer& signer, const Clock& clock, telemetry::Log log,
                        telemetry::Metrics& metrics, telemetry::Health& health);
    /// @throws runtime::ConfigError when the endpoint is on another chain; what Sender::step throws
    void run(const std::stop_token& stop);

  private:
    struct Node {
        bool registered = false;
        Timestamp last_seen{};
        Timestamp now{};  ///< the newest block's time: the clock that `last_seen` is by
    };
    Node read_node();
    void note_intents(const Node& node);

    RegistrationConfig config_;
    FileTxQueue& tx_queue_;
    eth::Rpc& opbnb_;
    const crypto::Signer& signer_;
    const Clock& clock_;
    telemetry::Log log_;
    telemetry::Metrics& metrics_;
    telemetry::Health& health_;
};

}  // namespace lamda::agent
