// From a wanted transaction to bytes that endpoints have: signed, stored, and only then sent.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "chain/sender_metrics.hpp"
#include "chain/tx_watch.hpp"
#include "crypto/signer.hpp"

namespace lamda::chain {

class Outgoing {
  public:
    Outgoing(ChainId chain, eth::Rpc& rpc, const crypto::Signer& signer, TxLedger& ledger, const Clock& clock,
             telemetry::Log log, TxWatch& watch, SenderMetrics& shown);

    /// The intent itself, or the empty transfer that takes its place.
    NewTx effect(const Intent& intent, std::uint64_t nonce, std::uint64_t gas_limit, const eth::Fee& fee) const;
    NewTx cancellation(const Intent& intent, std::uint64_t nonce, const eth::Fee& fee) const;

    /// What the ledger does not take is never sent. @returns why endpoints refuse something that they neither have
    /// nor had; empty: they do not
    std::string store_and_send(std::vector<NewTx> txs);
    /// Bytes that are stored, by their intents' keys.
    std::string send(const std::vector<std::pair<std::string, StoredTx>>& txs);

  private:
    NewTx signed_form(const std::string& key, const eth::Transaction& tx, bool cancels) const;
    std::string refusals(const std::vector<std::pair<std::string, StoredTx>>& txs,
                         const std::vector<eth::SendOutcome>& outcomes);

    ChainId chain_;
    eth::Rpc& rpc_;
    const crypto::Signer& signer_;
    TxLedger& ledger_;
    const Clock& clock_;
    telemetry::Log log_;
    TxWatch& watch_;
    SenderMetrics& shown_;
};

/// Gas of a transfer without calldata.
inline constexpr std::uint64_t kTransferGas = 21'000;

}  // namespace lamda::chain
