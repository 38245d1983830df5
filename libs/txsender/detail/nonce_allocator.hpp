// Which intents get a nonce now: what would not revert, and can be paid for. Private to this library.
#pragma once

#include <deque>
#include <map>

#include "txsender/detail/gas_limits.hpp"
#include "txsender/detail/sender_parts.hpp"
#include "txsender/sender.hpp"

namespace lamda::txsender {

class NonceAllocator {
  public:
    NonceAllocator(SenderParts& parts, Precheck precheck);

    /// Reads the ledger again. @returns those that operators told to go no further, before they were sent
    std::vector<TxQueueEntry> begin_pass();
    /// Gives nonces to some of what waits, and sends. False: nothing more can go now.
    bool admit();
    /// Shows what the wallet holds and how far that goes, now and then, also when nothing waits.
    void look_at_wallet();
    /// The last time nothing could go because too many were not mined yet.
    bool full() const { return full_; }
    /// The ledger was read as a whole: no more intents wait than are looked at.
    bool saw_all() const { return saw_all_; }
    /// About which intent no node could tell lately, and why; empty: there is none.
    std::string unanswered() const;

  private:
    struct Unanswered {
        Steady due;
        std::string reason;
    };
    struct Ready {
        Intent intent;
        Allocation allocation;
    };
    /// Wei that may still be spent.
    struct SpendingLimit {
        U256 balance;
        U256 spent_today;
    };
    /// What waits and is due. @returns what an operator has cancelled
    std::vector<TxQueueEntry> read();
    /// Some of what may go; if nothing is known to, what waits is judged first, `room` of it at most.
    std::vector<Ready> take(std::size_t most, std::size_t room);
    std::vector<Ready> judge(std::vector<TxQueueEntry> entries);
    /// The intents that the signing policy allows, as it wants them; the others get their reason.
    std::vector<Intent> authorized(std::vector<TxQueueEntry>& entries,
                                   std::map<std::string, std::string>& reasons);
    void park(const std::vector<TxQueueEntry>& entries, const std::map<std::string, std::string>& reasons);
    /// No node could tell whether it may go: it stays as it is, and is looked at again soon.
    void ask_again(const std::string& key, const std::string& reason);
    bool asked_lately(const std::string& key) const;
    U256 spent_today();
    /// Leaves those that the wallet and the day's budget pay for.
    void keep_affordable(std::vector<Ready>& ready, const eth::Fee& fee);
    std::optional<std::uint64_t> least_nonce();
    void send(const std::vector<Ready>& ready, std::uint64_t least, const eth::Fee& fee);

    SenderParts& at_;
    std::optional<std::uint64_t> next_nonce_;       ///< the ledger's, as far as this instance knows
    std::deque<TxQueueEntry> waiting_;              ///< as read in this pass, oldest first
    std::deque<Ready> ready_;                       ///< of them, what was judged and may go
    std::map<std::string, Unanswered> unanswered_;  ///< by key
    std::optional<SpendingLimit> purse_;  ///< as known when they were read, less what was sent since
    Precheck precheck_;
    GasLimits gas_limits_;
    U256 typical_cost_;  ///< wei for the last transaction that was to go; 0: none was yet
    std::optional<Steady> looked_at_wallet_;
    bool full_ = false;
    bool saw_all_ = false;
};

}  // namespace lamda::txsender
