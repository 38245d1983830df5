// From a wanted transaction to bytes that endpoints have: signed, stored, and only then sent.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "crypto/signer.hpp"
#include "txsender/detail/own_forms.hpp"
#include "txsender/detail/sender_metrics.hpp"
#include "txsender/detail/tx_watch.hpp"

namespace lamda::txsender {

class TxBroadcaster {
  public:
    TxBroadcaster(ChainId chain, eth::Rpc& rpc, const crypto::Signer& signer, TxQueue& tx_queue,
                  const Clock& clock, telemetry::Log log, TxWatch& watch, OwnForms& forms,
                  SenderMetrics& shown);

    /// A signer that failed is asked again. What a pass before left under way is waited for.
    void begin_pass();
    /// Why nothing can be signed in this pass; empty: nothing is known against it.
    const std::string& signer_trouble() const { return signer_trouble_; }

    /// The (authorized) intent itself, or the empty transfer that takes its place. Absent: the signer fails;
    /// it is not asked again in this pass.
    std::optional<NewTx> effect(const Intent& intent, std::uint64_t nonce, std::uint64_t gas_limit,
                                const eth::Fee& fee);
    std::optional<NewTx> cancellation(const Intent& intent, std::uint64_t nonce, const eth::Fee& fee);

    using Keyed = std::vector<std::pair<std::string, StoredTx>>;
    /// What the ledger does not take is never sent. What is sent is under way on return: after what was sent
    /// before, which is waited for.
    void store_and_send(std::vector<NewTx> txs);
    /// The same with bytes that are stored, by their intents' keys.
    void send(Keyed txs);
    /// Waits until endpoints have answered to all that is under way, and notes it as sent.
    void finish();
    /// Why endpoints refuse something that they neither have nor had; empty: they do not.
    std::string refusal() const;
    /// Refusals of what is no longer waiting to be mined are forgotten.
    void keep_refusals(const std::vector<TxQueueEntry>& entries);

  private:
    std::optional<NewTx> signed_form(const std::string& key, const eth::Transaction& tx, bool cancels);
    struct Answered {
        Keyed txs;
        std::vector<eth::SendOutcome> outcomes;
    };
    /// Waits for what is under way.
    Answered answered();
    void note(const Answered& answered);
    void look_at_refusals(const Keyed& txs, const std::vector<eth::SendOutcome>& outcomes);

    ChainId chain_;
    eth::Rpc& rpc_;
    const crypto::Signer& signer_;
    TxQueue& tx_queue_;
    const Clock& clock_;
    telemetry::Log log_;
    TxWatch& watch_;
    OwnForms& forms_;
    SenderMetrics& shown_;
    std::string signer_trouble_;
    std::map<std::string, std::string> refusals_;  ///< by key: the last ones
    Keyed under_way_;
    std::unique_ptr<eth::Sending> sending_;  ///< of what is under way
};

}  // namespace lamda::txsender
