// TxQueue: the intents of one wallet and the transactions sent for them; storage interface of a Sender.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/clock.hpp"
#include "eth/codec/transaction.hpp"

namespace lamda::txsender {

/// Handling of an intent whose transaction was mined and reverted, once that is final.
enum class OnRevert {
    kGiveUp,  ///< the intent has failed
    kRetry,   ///< waits until it would not revert, then takes a new nonce; a few times
    kAsk,     ///< the intent has failed, and an operator decides: `lamda tx retry`
};

/// One effect that is to be made on chain. Its key is unique in the queue.
struct Intent {
    std::string key;  ///< `increment:0x<jobId>`
    Address to;
    U256 value = 0;
    Bytes data;  ///< ABI call, and bytes appended to it
    OnRevert on_revert = OnRevert::kGiveUp;
    bool operator==(const Intent&) const = default;
};

enum class IntentState { kPending, kParked, kAllocated, kSent, kMined, kDone, kFailed };

/// Request of an operator.
enum class OperatorRequest {
    kBump,    ///< raise the fee now
    kCancel,  ///< replace by an empty transfer at the same nonce; without a nonce: do not send
};

// Names in storage and in texts: `pending`, `give_up`, `bump` …
std::string_view to_string(IntentState state);
std::string_view to_string(OnRevert policy);
std::string_view to_string(OperatorRequest operator_request);
/// Errors: `invalid_intent_state`, `invalid_policy`, `invalid_wish`.
Result<IntentState> parse_intent_state(std::string_view text);
Result<OnRevert> parse_on_revert(std::string_view text);
Result<OperatorRequest> parse_operator_request(std::string_view text);

/// One signed form of an intent's transaction. All forms of an intent share its nonce.
struct StoredTx {
    TxHash hash;
    Bytes raw;  ///< may be absent for mined transactions
    eth::Fee fee;
    Timestamp stored_at;
    bool cancels = false;  ///< this form is the empty transfer that replaces the intent
    bool operator==(const StoredTx&) const = default;
};

struct TxQueueEntry {
    Intent intent;
    IntentState state = IntentState::kPending;
    std::optional<std::uint64_t> nonce;
    std::optional<std::uint64_t> gas_limit;
    std::vector<StoredTx> txs;  ///< of the current nonce, oldest first
    std::optional<BlockRef> mined_in;
    std::optional<TxHash> mined_tx;
    std::optional<OperatorRequest> operator_request;
    unsigned reverts = 0;  ///< final reverts, at earlier nonces
    std::string reason;    ///< reason for being parked, failed, or pending again without a nonce
    Timestamp updated_at;
    bool operator==(const TxQueueEntry&) const = default;
};

/// Key of an intent that only uses up a nonce: `fill:<nonce>`.
std::string fill_key(std::uint64_t nonce);
bool is_fill(const Intent& intent);

struct Allocation {
    std::string key;
    std::uint64_t gas_limit = 0;
};
struct NewTx {
    std::string key;
    std::uint64_t nonce = 0;
    StoredTx tx;
};
struct MinedTx {
    std::string key;
    std::uint64_t nonce = 0;  ///< of tx
    TxHash tx;
    BlockRef block;
    U256 paid;  ///< wei, for gas
};
struct Parked {
    std::string key;
    std::string reason;
};

/// State of a chain for one wallet.
struct ChainLook {
    std::uint64_t used = 0;             ///< nonces below this one are used at the head
    std::optional<BlockNum> finalized;  ///< absent: no final block is known
};

/// Stored in PostgreSQL by services, in a file by the agent. Every call is one transaction. Bytes passed to
/// store() are durable on return, with all earlier changes; later changes may be lost in a crash of the
/// storage, and are then found or made again. Each change names the states that it starts from: repeated or
/// late, it has no effect. Changes that follow from an intent's transaction name the nonce too, because
/// another instance may have released that nonce and given the intent another one.
class TxQueue {
  public:
    virtual ~TxQueue() = default;
    /// Open intents that hold a nonce and for which `look` may show a change: not mined with a used nonce,
    /// not mined with an unused nonce, and mined that is final or no longer mined. At most `most` of each of
    /// these three, by nonce.
    virtual std::vector<TxQueueEntry> in_flight(const ChainLook& look, std::size_t most) = 0;
    /// Open intents without a nonce: oldest first, then parked ones by the time of parking; at most `most`.
    virtual std::vector<TxQueueEntry> waiting(std::size_t most) = 0;
    /// Next nonce of the wallet as recorded in the queue; absent: never used.
    virtual std::optional<std::uint64_t> next_nonce() = 0;
    /// Wei for gas since `since`: paid by mined transactions, plus the maximum of those not yet mined.
    virtual U256 spent_since(Timestamp since) = 0;

    /// Gives consecutive nonces, from max(next_nonce, at_least) on, to intents without one; nullopt where an
    /// intent has one already, is no longer pending or parked, or is to be cancelled. Skips a nonce that an
    /// intent in flight holds although it was never given out; takes it away from any other intent.
    virtual std::vector<std::optional<std::uint64_t>> allocate(const std::vector<Allocation>& wanted,
                                                               std::uint64_t at_least) = 0;
    /// Adds an intent that uses up a free nonce: an empty transfer from `wallet` to itself. False: an intent
    /// holds the nonce.
    virtual bool fill(std::uint64_t nonce, const Address& wallet, std::uint64_t gas_limit) = 0;
    /// Stores signed bytes if the intent still holds the nonce, and clears its operator request. False: it
    /// does not; drop the bytes.
    virtual std::vector<bool> store(const std::vector<NewTx>& txs) = 0;
    virtual void park(const std::vector<Parked>& parked) = 0;
    virtual void mark_sent(const std::vector<std::string>& keys) = 0;
    virtual void mark_mined(const std::vector<MinedTx>& mined) = 0;
    /// Puts mined intents whose block was reorganised away back to sent.
    virtual void mark_unmined(const std::vector<std::string>& keys) = 0;
    virtual void mark_done(const std::vector<MinedTx>& done) = 0;
    /// @param nonce nonce of the intent when this was decided; absent: none
    virtual void mark_failed(const std::string& key, std::optional<std::uint64_t> nonce,
                             const std::string& reason) = 0;
    /// Releases a nonce that is used up permanently: by a foreign transaction, or by ours that reverted
    /// (`reverted`). The intent is pending again.
    virtual void release_nonce(const std::string& key, std::uint64_t nonce, const std::string& reason,
                               bool reverted) = 0;
};

}  // namespace lamda::txsender
