// What is wanted on chain, and what was sent for it: the rows behind a Sender.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/clock.hpp"
#include "eth/codec/transaction.hpp"

namespace lamda::txsender {

/// What becomes of an intent whose transaction was mined and reverted, once that is final.
enum class OnRevert {
    kGiveUp,  ///< it has failed
    kRetry,   ///< it waits until it would not revert, and takes a new nonce; a few times
    kAsk,     ///< it has failed, and a person is asked: `lamda tx retry`
};

/// One effect that is wanted on chain. Its key is unique in the ledger.
struct Intent {
    std::string key;  ///< `increment:0x<jobId>`
    Address to;
    U256 value = 0;
    Bytes data;  ///< ABI call, with whatever rides after it
    OnRevert on_revert = OnRevert::kGiveUp;
    bool operator==(const Intent&) const = default;
};

enum class IntentState { kPending, kParked, kAllocated, kSent, kMined, kDone, kFailed };

/// What an operator has asked for.
enum class OperatorRequest {
    kBump,    ///< a higher fee, now
    kCancel,  ///< an empty transfer at its nonce instead; where it holds none: nothing at all
};

// As storage and people spell them: `pending`, `give_up`, `bump` …
std::string_view to_string(IntentState state);
std::string_view to_string(OnRevert policy);
std::string_view to_string(OperatorRequest operator_request);
/// Errors: `invalid_intent_state`, `invalid_policy`, `invalid_wish`.
Result<IntentState> parse_intent_state(std::string_view text);
Result<OnRevert> parse_on_revert(std::string_view text);
Result<OperatorRequest> parse_operator_request(std::string_view text);

/// One signed form of an intent's transaction. Several of one intent share its nonce.
struct StoredTx {
    TxHash hash;
    Bytes raw;  ///< may be left out of what is mined
    eth::Fee fee;
    Timestamp stored_at;
    bool cancels = false;  ///< the empty transfer that takes the intent's place
    bool operator==(const StoredTx&) const = default;
};

struct TxQueueEntry {
    Intent intent;
    IntentState state = IntentState::kPending;
    std::optional<std::uint64_t> nonce;
    std::optional<std::uint64_t> gas_limit;
    std::vector<StoredTx> txs;  ///< of the present nonce, oldest first
    std::optional<BlockRef> mined_in;
    std::optional<TxHash> mined_tx;
    std::optional<OperatorRequest> operator_request;
    unsigned reverts = 0;  ///< final ones, of earlier nonces
    std::string reason;    ///< why parked, failed, or without its nonce again
    Timestamp updated_at;
    bool operator==(const TxQueueEntry&) const = default;
};

/// A key of intents that exist only to use up a nonce: `fill:<nonce>`.
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

/// Where a chain stands, for one wallet.
struct ChainLook {
    std::uint64_t used = 0;             ///< nonces below are used at the head
    std::optional<BlockNum> finalized;  ///< absent: nothing is known to be final
};

/// PostgreSQL for services, a file for the agent. Every call is one transaction. What store() was told is
/// durable when it returns, with all that was before it; the other changes may be lost in a crash of the
/// storage, and are then found out, or made, again. A change says from which states it may come: repeated, or
/// late, it changes nothing. What an intent's transaction led to names the nonce as well: another instance
/// may have given it up, and the intent another one, since it was looked at.
class TxQueue {
  public:
    virtual ~TxQueue() = default;
    /// Those that hold a nonce and are not done or failed, and of which `look` may tell something new:
    /// not mined with a nonce that is used, not mined with one that is not, mined and final or no longer
    /// mined. At most `most` of each of these three, by nonce.
    virtual std::vector<TxQueueEntry> in_flight(const ChainLook& look, std::size_t most) = 0;
    /// Those that hold none: oldest first, and parked ones last, by when they were parked; at most `most`.
    virtual std::vector<TxQueueEntry> waiting(std::size_t most) = 0;
    /// The wallet's next nonce as the ledger knows it; absent: never used.
    virtual std::optional<std::uint64_t> next_nonce() = 0;
    /// Wei for gas: paid by what was mined since then, and at most to be paid by what is not mined yet.
    virtual U256 spent_since(Timestamp since) = 0;

    /// Nonces one after the other, from max(next_nonce, at_least) on, for those that hold none; nullopt where
    /// an intent has one already, is no longer pending or parked, or is to be cancelled. A nonce that was
    /// never given out is passed over where an intent in flight holds it all the same, and taken from any
    /// other.
    virtual std::vector<std::optional<std::uint64_t>> allocate(const std::vector<Allocation>& wanted,
                                                               std::uint64_t at_least) = 0;
    /// An intent that uses up a nonce that nobody holds: an empty transfer from `wallet` to itself. False: it
    /// is held by one that there is.
    virtual bool fill(std::uint64_t nonce, const Address& wallet, std::uint64_t gas_limit) = 0;
    /// Stores signed bytes where the intent still holds the nonce, and clears its wish. False: it does not,
    /// throw the bytes away.
    virtual std::vector<bool> store(const std::vector<NewTx>& txs) = 0;
    virtual void park(const std::vector<Parked>& parked) = 0;
    virtual void mark_sent(const std::vector<std::string>& keys) = 0;
    virtual void mark_mined(const std::vector<MinedTx>& mined) = 0;
    /// Mined, then reorganised away: back to sent.
    virtual void mark_unmined(const std::vector<std::string>& keys) = 0;
    virtual void mark_done(const std::vector<MinedTx>& done) = 0;
    /// @param nonce what the intent held when that was decided; absent: none
    virtual void mark_failed(const std::string& key, std::optional<std::uint64_t> nonce,
                             const std::string& reason) = 0;
    /// The nonce is spent for good: by a foreign transaction, or by ours that reverted (`reverted`). The
    /// intent is pending again.
    virtual void release_nonce(const std::string& key, std::uint64_t nonce, const std::string& reason,
                               bool reverted) = 0;
};

}  // namespace lamda::txsender
