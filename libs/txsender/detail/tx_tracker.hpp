// TxTracker: follows intents that hold a nonce until they are done or failed. Private to this library.
#pragma once

#include "txsender/detail/sender_parts.hpp"

namespace lamda::txsender {

class TxTracker {
  public:
    explicit TxTracker(SenderParts& parts) : at_(parts) {}
    /// Runs one pass. @param entries by nonce; their calls are replaced by the calls that may be signed
    void follow(std::vector<TxQueueEntry>& entries);
    /// Fills an unused nonce below ours with an empty transfer. Another program sent a transaction with that
    /// nonce, and a reorg or its pool dropped it; no transaction of ours can be mined until the nonce is
    /// used. If the dropped one returns, only one of the two is mined.
    void fill_gap(const std::vector<TxQueueEntry>& entries);
    /// Ends the intent as failed, permanently.
    void fail(const TxQueueEntry& entry, const std::string& reason);

  private:
    enum class Form { kEffect, kCancel };
    /// Decisions of one pass over the entries, to be written and sent together.
    struct Plan {
        std::vector<MinedTx> mined;
        std::vector<MinedTx> done;
        std::vector<std::string> unmined;
        std::vector<std::pair<std::string, StoredTx>> again;
        std::vector<NewTx> fresh;
    };
    /// An entry, its state on chain, the next action, and why nothing may be signed (absent: allowed).
    struct Step {
        TxQueueEntry& entry;
        const TxObservation& seen;
        TxAction action;
        std::optional<Error> refused{};
    };
    /// Asks the signing policy about entries that are to be signed or sent.
    void authorize(std::vector<Step>& steps);
    void take(const Step& step, Plan& plan);
    /// Handles an entry whose call may not be signed: an empty transfer replaces bytes that were sent; an
    /// entry without bytes releases its nonce.
    void take_refused(const Step& step, Plan& plan);
    void send_again(const Step& step, Plan& plan);
    void released(const TxQueueEntry& entry);
    void reverted(const TxQueueEntry& entry, const eth::Receipt& receipt);
    std::string why_reverted(const TxQueueEntry& entry, const eth::Receipt& receipt);
    void replace(const Step& step, Form form, Plan& plan);
    void sign(const TxQueueEntry& entry, Form form, const std::optional<eth::Fee>& fee, Plan& plan);
    void carry_out(Plan plan);

    SenderParts& at_;
    std::optional<BlockNum> gap_since_;  ///< head since which a nonce below ours is unused
};

}  // namespace lamda::txsender
