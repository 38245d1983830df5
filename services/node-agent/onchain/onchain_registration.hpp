// Registers the node on opBNB if configured, and sends its on-chain heartbeats.
#pragma once

#include <stop_token>

#include "services/node-agent/onchain/file_tx_queue.hpp"
#include "telemetry/context.hpp"
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

/// Call for the intent key `register:<time>` or `heartbeat:<time>`, the only keys that the agent signs on
/// opBNB. Errors: `unknown_key`.
Result<txsender::Call> registration_call(const RegistrationConfig& config, std::string_view key);

class OnchainRegistration {
  public:
    OnchainRegistration(RegistrationConfig config, FileTxQueue& tx_queue, eth::Rpc& opbnb,
                        const crypto::Signer& signer, const telemetry::Context& context);
    /// @throws runtime::ConfigError if the endpoint is on another chain; as Sender::step does
    void run(const std::stop_token& stop);

  private:
    struct Node {
        bool registered = false;
        Timestamp last_seen{};
        Timestamp now{};  ///< time of the newest block, the clock of `last_seen`
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
