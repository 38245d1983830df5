// TxBroadcaster: signs transactions, stores the signed bytes, and only then sends them to the endpoints.
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

    /// Waits for the broadcast of the previous pass; a signer that failed is called again.
    void begin_pass();
    /// Error of the signer in this pass; empty: none.
    const std::string& signer_error() const { return signer_error_; }

    /// Signs the (authorized) intent, or the empty transfer that replaces it. Absent: the signer failed; it
    /// is not called again in this pass.
    std::optional<NewTx> effect(const Intent& intent, std::uint64_t nonce, std::uint64_t gas_limit,
                                const eth::Fee& fee);
    std::optional<NewTx> cancellation(const Intent& intent, std::uint64_t nonce, const eth::Fee& fee);

    using Keyed = std::vector<std::pair<std::string, StoredTx>>;
    /// Stores the bytes, then sends those that the queue accepts. Waits for the previous broadcast; the new
    /// one is in flight on return.
    void store_and_send(std::vector<NewTx> txs);
    /// Sends stored bytes, by the keys of their intents.
    void send(Keyed txs);
    /// Waits for the answers of the endpoints to all bytes in flight, and notes these as sent.
    void finish();
    /// Reason why endpoints refuse a transaction that they do not have; empty: none.
    std::string refusal() const;
    /// Drops refusals of transactions that no longer wait to be mined.
    void keep_refusals(const std::vector<TxQueueEntry>& entries);

  private:
    std::optional<NewTx> signed_form(const std::string& key, const eth::Transaction& tx, bool cancels);
    struct Answered {
        Keyed txs;
        std::vector<eth::SendOutcome> outcomes;
    };
    /// Waits for the broadcast in flight.
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
    std::string signer_error_;
    std::map<std::string, std::string> refusals_;  ///< last refusal by key
    Keyed under_way_;
    std::unique_ptr<eth::Sending> sending_;  ///< the broadcast in flight
};

}  // namespace lamda::txsender
