// Intents, wallets and operator requests, through schema api.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/clock.hpp"
#include "core/ids.hpp"
#include "core/u256.hpp"
#include "store/database.hpp"

namespace lamda::cli {

/// Returns the intent's key for a key, or for the id of the job to be counted.
/// Errors: `invalid_tx_key`.
Result<std::string> tx_key(const std::string& text);

struct TxState {
    std::string key;
    std::uint64_t chain_id = 0;
    Address wallet;
    std::string state;
    std::optional<std::uint64_t> nonce;
    Address recipient;
    U256 value;  ///< wei
    Bytes data;
    std::optional<std::uint64_t> gas_limit;
    std::string on_revert;
    std::optional<std::string> operator_request;
    std::uint64_t reverts = 0;
    std::string reason;
    U256 paid;  ///< wei, for gas; includes earlier nonces
    std::optional<TxHash> mined_tx;
    std::optional<BlockNum> mined_block;
    std::optional<Timestamp> mined_at;
    Timestamp created_at;
    Timestamp updated_at;
    std::uint64_t forms = 0;       ///< signed forms at the present nonce
    std::optional<U256> max_fee;   ///< wei per gas, of the newest form
    std::optional<TxHash> newest;  ///< hash of the newest form
};

struct TxForm {
    std::uint64_t nonce = 0;
    TxHash hash;
    bool legacy = false;
    U256 max_fee;           ///< wei per gas
    U256 max_priority_fee;  ///< wei per gas
    bool cancels = false;
    Timestamp stored_at;
};

struct TxFilter {
    std::optional<std::string> state{};
    std::optional<Address> wallet{};
    unsigned limit = 100;
};
/// Returns intents, newest first.
std::vector<TxState> read_txs(store::Database& database, const TxFilter& filter);
/// Returns the intents with this key, one for each wallet, newest first.
std::vector<TxState> read_txs_of(store::Database& database, const std::string& key);
/// Returns all signed forms of the intent, including earlier nonces, oldest first.
std::vector<TxForm> read_forms(store::Database& database, const TxState& tx);
/// Records an operator request. Returns the action, or `refused: ` and the reason.
std::string request_tx(store::Database& database, const std::string& key,
                       const std::string& operator_request);

struct WalletState {
    std::uint64_t chain_id = 0;
    Address address;
    std::optional<std::uint64_t> next_nonce;  ///< absent: no nonce was allocated
    std::uint64_t waiting = 0;
    std::uint64_t unmined = 0;
    std::uint64_t not_final = 0;
    std::uint64_t failed = 0;
    U256 paid_today;  ///< wei; the day is UTC's
};
std::vector<WalletState> read_wallets(store::Database& database);

/// Returns the active instance of the reputation service, if any.
std::optional<std::string> reputation_reader(store::Database& database);

struct Rebuilt {
    std::string refused;  ///< reason of the refusal; empty: done
    std::uint64_t increments = 0;
    std::uint64_t forgotten = 0;      ///< intents
    std::uint64_t kept = 0;           ///< intents
    std::uint64_t confirmations = 0;  ///< to be compared with the chain again
};
Rebuilt rebuild_reputation(store::Database& database);

}  // namespace lamda::cli
