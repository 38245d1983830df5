// Stands between the ledger and the signer: nothing is signed or sent but what the policy says of the key.
// Private to this library.
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
    /// Drops stored bytes that are not this wallet's at the entry's nonce. Before any of the entries is
    /// authorized.
    void keep_own_forms(TxQueueEntry& entry);
    /// Puts the call that its key stands for into each intent, whatever the row says, and bounds the gas
    /// limit.
    /// @returns for each why nothing may be signed for it; absent: it may be signed. @throws what the policy
    /// throws
    std::vector<std::optional<Error>> authorize(const std::vector<TxQueueEntry*>& entries);
    /// The bytes do what the (authorized) intent says.
    bool is_effect(const Intent& intent, const StoredTx& form);
    /// The bytes are an empty transfer from the wallet to itself.
    bool is_empty_transfer(const StoredTx& form);
    /// The key stands in the ledger, and is not asked about now.
    void saw(const std::string& key) { seen_.insert(key); }
    /// Forgets violations of keys that this pass did not see. @param complete every open intent was seen
    void end_pass(bool complete);
    /// Keys against which there is something, and what.
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
    std::set<std::string> seen_;                   ///< in this pass
    std::optional<std::uint64_t> highest_signed_;  ///< of what is not mined, fillers left out
};

}  // namespace lamda::txsender
