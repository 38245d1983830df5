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

    /// A signer that failed is asked again.
    void begin_pass() { signer_trouble_.clear(); }
    /// Why nothing can be signed in this pass; empty: nothing is known against it.
    const std::string& signer_trouble() const { return signer_trouble_; }

    /// The intent itself, or the empty transfer that takes its place. Absent: the signer fails; it is not
    /// asked again in this pass.
    std::optional<NewTx> effect(const Intent& intent, std::uint64_t nonce, std::uint64_t gas_limit,
                                const eth::Fee& fee);
    std::optional<NewTx> cancellation(const Intent& intent, std::uint64_t nonce, const eth::Fee& fee);

    /// What the ledger does not take is never sent. @returns why endpoints refuse something that they neither
    /// have nor had; empty: they do not
    std::string store_and_send(std::vector<NewTx> txs);
    /// Bytes that are stored, by their intents' keys.
    std::string send(const std::vector<std::pair<std::string, StoredTx>>& txs);

  private:
    std::optional<NewTx> signed_form(const std::string& key, const eth::Transaction& tx, bool cancels);
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
    std::string signer_trouble_;
};

/// Gas of a transfer without calldata.
inline constexpr std::uint64_t kTransferGas = 21'000;

}  // namespace lamda::chain
