// NonceAllocator: gives nonces to intents that would not revert and can be paid for. Private to this library.
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

    /// Reads the queue again. @returns the intents that an operator cancelled before they were sent
    std::vector<TxQueueEntry> begin_pass();
    /// Gives nonces to waiting intents and sends them. False: nothing more can be sent now.
    bool admit();
    /// Publishes the wallet's balance every 30 s, also when no intent waits.
    void look_at_wallet();
    /// True if the last admit() stopped at the limit of unmined transactions.
    bool full() const { return full_; }
    /// True if the last read covered every waiting intent.
    bool saw_all() const { return saw_all_; }
    /// An intent that no node could check, and the reason; empty: none.
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
    /// Reads waiting intents that are due. @returns the intents that an operator has cancelled
    std::vector<TxQueueEntry> read();
    /// Takes intents that may be sent; if none is ready, checks up to `room` of the waiting ones first.
    std::vector<Ready> take(std::size_t most, std::size_t room);
    std::vector<Ready> judge(std::vector<TxQueueEntry> entries);
    /// Returns the intents that the policy allows, with its calls; adds a reason for each of the others.
    std::vector<Intent> authorized(std::vector<TxQueueEntry>& entries,
                                   std::map<std::string, std::string>& reasons);
    void park(const std::vector<TxQueueEntry>& entries, const std::map<std::string, std::string>& reasons);
    /// Schedules another check of an intent that no node could check; its state stays.
    void ask_again(const std::string& key, const std::string& reason);
    bool asked_lately(const std::string& key) const;
    U256 spent_today();
    /// Keeps the intents that the wallet and the daily budget pay for.
    void keep_affordable(std::vector<Ready>& ready, const eth::Fee& fee);
    std::optional<std::uint64_t> least_nonce();
    void send(const std::vector<Ready>& ready, std::uint64_t least, const eth::Fee& fee);

    SenderParts& at_;
    std::optional<std::uint64_t> next_nonce_;       ///< next nonce of the queue, as known to this instance
    std::deque<TxQueueEntry> waiting_;              ///< as read in this pass, oldest first
    std::deque<Ready> ready_;                       ///< checked intents that may be sent
    std::map<std::string, Unanswered> unanswered_;  ///< by key
    std::optional<SpendingLimit> spending_limit_;   ///< at the last read, less what was sent since
    Precheck precheck_;
    GasLimits gas_limits_;
    U256 typical_cost_;  ///< wei for the last transaction to be sent; 0: none yet
    std::optional<Steady> looked_at_wallet_;
    bool full_ = false;
    bool saw_all_ = false;
};

}  // namespace lamda::txsender
