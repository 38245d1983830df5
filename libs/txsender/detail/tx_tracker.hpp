// Intents that hold a nonce are followed to their end. Private to this library.
#pragma once

#include "txsender/detail/sender_parts.hpp"

namespace lamda::txsender {

class TxTracker {
  public:
    explicit TxTracker(SenderParts& parts) : at_(parts) {}
    /// One pass. @param entries by nonce; what their rows say is replaced by what may be signed for them
    void follow(std::vector<TxQueueEntry>& entries);
    /// A nonce below ours that nobody uses: of a transaction that somebody else sent, and that a reorg or its
    /// pool forgot. Nothing of ours can be mined until it is used. An empty transfer uses it; should the lost
    /// one return, only one of the two is mined.
    void fill_gap(const std::vector<TxQueueEntry>& entries);
    /// It ends here, for good.
    void fail(const TxQueueEntry& entry, const std::string& reason);

  private:
    enum class Form { kEffect, kCancel };
    /// What one pass over the entries has decided, to be written and sent together.
    struct Plan {
        std::vector<MinedTx> mined;
        std::vector<MinedTx> done;
        std::vector<std::string> unmined;
        std::vector<std::pair<std::string, StoredTx>> again;
        std::vector<NewTx> fresh;
    };
    /// An entry, what the chain says of it, what to do next, and why nothing may be signed for it (absent: it
    /// may).
    struct Step {
        TxQueueEntry& entry;
        const TxObservation& seen;
        TxAction action;
        std::optional<Error> refused{};
    };
    /// Asks the signing policy about those of which something is to be signed or sent.
    void authorize(std::vector<Step>& steps);
    void take(const Step& step, Plan& plan);
    /// Nothing but an empty transfer may be signed for it: one replaces what was sent; what was not gives up
    /// its nonce.
    void take_refused(const Step& step, Plan& plan);
    void send_again(const Step& step, Plan& plan);
    void released(const TxQueueEntry& entry);
    void reverted(const TxQueueEntry& entry, const eth::Receipt& receipt);
    std::string why_reverted(const TxQueueEntry& entry, const eth::Receipt& receipt);
    void replace(const Step& step, Form form, Plan& plan);
    void sign(const TxQueueEntry& entry, Form form, const std::optional<eth::Fee>& fee, Plan& plan);
    void carry_out(Plan plan);

    SenderParts& at_;
    std::optional<BlockNum> gap_since_;  ///< a nonce below ours has been unused since that head
};

}  // namespace lamda::txsender
