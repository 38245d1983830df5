// SigningGuard: lets only the policy's call for an intent's key be signed or sent. Private to this library.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "telemetry/log.hpp"
#include "txsender/detail/own_forms.hpp"
#include "txsender/detail/sender_metrics.hpp"
#include "txsender/signing_policy.hpp"
#include "txsender/tx_queue.hpp"

namespace lamda::txsender {

/// Gas of a transfer without calldata.
inline constexpr std::uint64_t kTransferGas = 21'000;

class SigningGuard {
  public:
    SigningGuard(SigningPolicy& policy, OwnForms& forms, Address wallet, std::uint64_t most_gas,
                 telemetry::Log log, SenderMetrics& shown);

    void begin_pass();
    /// Drops stored bytes that are not this wallet's at the entry's nonce. Must precede authorize().
    void keep_own_forms(TxQueueEntry& entry);
    /// Replaces each intent's call by the call of its key, whatever the row holds, and bounds the gas limit.
    /// @returns for each entry why nothing may be signed; absent: allowed. @throws errors of the policy
    std::vector<std::optional<Error>> authorize(const std::vector<TxQueueEntry*>& entries);
    /// True if the bytes have the effect of the (authorized) intent.
    bool is_effect(const Intent& intent, const StoredTx& form);
    /// True if the bytes are an empty transfer from the wallet to itself.
    bool is_empty_transfer(const StoredTx& form);
    /// Notes that the key exists in the queue and is not authorized in this pass.
    void saw(const std::string& key) { seen_.insert(key); }
    /// Drops violations of keys that this pass did not see. @param complete every open intent was seen
    void end_pass(bool complete);
    /// Violations by key.
    const std::map<std::string, std::string>& violations() const { return violations_; }

  private:
    Result<Call> filler(const TxQueueEntry& entry) const;
    void violated(const std::string& key, const std::string& what);

    SigningPolicy& policy_;
    OwnForms& forms_;
    Address wallet_;
    std::uint64_t most_gas_;
    telemetry::Log log_;
    SenderMetrics& shown_;
    std::map<std::string, std::string> violations_;
    std::set<std::string> seen_;  ///< in this pass
    std::optional<std::uint64_t>
        highest_signed_;  ///< highest nonce with bytes that is not mined, without fillers
};

}  // namespace lamda::txsender
