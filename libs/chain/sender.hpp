// Sender: intents become transactions, each exactly once. See docs/architecture.md, "Writing to a chain".
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "core/clock.hpp"
#include "crypto/signer.hpp"
#include "eth/codec/transaction.hpp"
#include "eth/rpc.hpp"
#include "telemetry/health.hpp"
#include "telemetry/log.hpp"
#include "telemetry/metrics.hpp"

namespace lamda::chain {

/// One effect that is wanted on chain. Its key is unique in the ledger.
struct Intent {
    std::string key;  ///< `increment:0x<jobId>`
    Address to;
    U256 value = 0;
    Bytes data;  ///< ABI call, with whatever rides after it
};

enum class IntentState { kPending, kParked, kAllocated, kSent, kMined, kDone, kFailed };
std::string_view to_string(IntentState state);
Result<IntentState> parse_intent_state(std::string_view text);

/// One signed form of an intent's transaction. Several of one intent share its nonce.
struct StoredTx {
    TxHash hash;
    Bytes raw;
    eth::Fee fee;
    Timestamp stored_at;
};

struct LedgerEntry {
    Intent intent;
    IntentState state = IntentState::kPending;
    std::optional<std::uint64_t> nonce;
    std::optional<std::uint64_t> gas_limit;
    std::vector<StoredTx> txs;  ///< oldest first
    std::optional<BlockRef> mined_in;
    std::optional<TxHash> mined_tx;
    std::string reason;  ///< why parked or failed
    Timestamp updated_at;
};

/// The ledger's persistence: PostgreSQL for services, files for the agent. Every call is durable when it
/// returns.
class TxLedger {
  public:
    virtual ~TxLedger() = default;
    /// Those that are neither done nor failed, oldest first; at most `most`.
    virtual std::vector<LedgerEntry> open_entries(std::size_t most) = 0;
    /// The wallet's next nonce as the ledger knows it; absent: never used.
    virtual std::optional<std::uint64_t> next_nonce() = 0;
    /// Gives the intent max(next_nonce, at_least) and raises next_nonce past it: one transaction. Nothing
    /// happens and nullopt is returned when the intent has a nonce already or is no longer pending or parked.
    virtual std::optional<std::uint64_t> allocate(const std::string& key, std::uint64_t at_least,
                                                  std::uint64_t gas_limit) = 0;
    /// Stores the signed bytes if the intent still holds `nonce`; false: it does not, throw the bytes away.
    virtual bool store_tx(const std::string& key, std::uint64_t nonce, const StoredTx& tx) = 0;
    virtual void park(const std::string& key, const std::string& reason) = 0;
    virtual void mark_sent(const std::string& key) = 0;
    virtual void mark_mined(const std::string& key, const TxHash& tx, const BlockRef& block) = 0;
    /// Mined, then reorganised away: back to sent.
    virtual void mark_unmined(const std::string& key) = 0;
    virtual void mark_done(const std::string& key, const TxHash& tx, const BlockRef& block) = 0;
    virtual void mark_failed(const std::string& key, const std::string& reason) = 0;
    /// A finalized block holds a foreign transaction at its nonce: the intent gives the nonce up and is
    /// pending again.
    virtual void release_nonce(const std::string& key, const std::string& reason) = 0;
};

struct SenderConfig {
    std::string name;  ///< `reputation:opbnb`
    ChainId chain_id;
    bool legacy_fees = false;
    U256 min_priority_fee;  ///< wei per gas
    U256 max_fee_cap;       ///< wei per gas; never above
    std::size_t max_unmined = 16;
    Millis rebroadcast_after{3'000};
    Millis bump_after{15'000};  ///< unmined that long: same nonce, higher fee
    unsigned gas_margin_percent = 20;
};

/// Whether an intent may go now; the reason why not parks it.
using Precheck = std::function<std::optional<std::string>(const Intent&)>;

/// Drives one wallet's ledger. One thread.
class Sender {
  public:
    Sender(SenderConfig config, eth::Rpc& rpc, const crypto::Signer& signer, TxLedger& ledger,
           const Clock& clock, telemetry::Log log, telemetry::Metrics& metrics, telemetry::Health& health,
           Precheck precheck);
    ~Sender();
    /// Until stopped; wakes every `pace`, or when nudged.
    void run(const std::stop_token& stop, Millis pace);
    void nudge();
    /// One pass over the open entries. @throws net::TransportError, eth::RpcError, eth::BadAnswer, store
    /// errors
    void step();

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace lamda::chain
