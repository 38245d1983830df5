// Sender: turns intents into transactions, each exactly once. See docs/architecture.md, "Writing to a chain".
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "core/clock.hpp"
#include "crypto/signer.hpp"
#include "eth/rpc.hpp"
#include "telemetry/context.hpp"
#include "txsender/sender_config.hpp"
#include "txsender/signing_policy.hpp"
#include "txsender/tx_queue.hpp"

namespace lamda::txsender {

/// Reason why an intent is not sent now.
struct Objection {
    enum class Kind {
        kPark,        ///< a fact about the intent; it is parked with this reason
        kUnanswered,  ///< no node could answer; checked again soon, and the sender is not ready until then
    };
    std::string reason;
    Kind kind = Kind::kPark;
};
/// Returns an objection for each intent, in their order.
using Precheck = std::function<std::vector<std::optional<Objection>>(const std::vector<Intent>&)>;

/// Drives one wallet's transaction queue. One thread.
class Sender {
  public:
    /// @param signing decides which call may be signed for a key, whatever the row holds
    /// @param precheck checks intents that `signing` allows; may be empty
    Sender(const SenderConfig& config, eth::Rpc& rpc, const crypto::Signer& signer, TxQueue& tx_queue,
           SigningPolicy& signing, const telemetry::Context& context, Precheck precheck);
    ~Sender();
    /// Runs until stopped; wakes every `pace`, or when nudged.
    void run(const std::stop_token& stop, Millis pace);
    void nudge();
    /// Runs one pass over the open entries. @throws net::TransportError, eth::RpcError, eth::BadAnswer, store
    /// errors, errors of the signer
    void step();

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace lamda::txsender
