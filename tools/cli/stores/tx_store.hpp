// What the database says of transactions and wallets, and what an operator may say to it, through schema api.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/clock.hpp"
#include "core/ids.hpp"
#include "core/u256.hpp"
#include "store/database.hpp"

namespace lamda::cli {

/// An intent's key as a person may give it: the key, or the id of the job that is to be counted.
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
    U256 paid;  ///< wei, for gas, at earlier nonces too
    std::optional<TxHash> mined_tx;
    std::optional<BlockNum> mined_block;
    std::optional<Timestamp> mined_at;
    Timestamp created_at;
    Timestamp updated_at;
    std::uint64_t forms = 0;       ///< signed ones at the present nonce
    std::optional<U256> max_fee;   ///< wei per gas, of the newest form
    std::optional<TxHash> newest;  ///< form
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
/// Newest intents first.
std::vector<TxState> read_txs(store::Database& database, const TxFilter& filter);
/// One, or none; more where several wallets have had an intent of this key. Newest first.
std::vector<TxState> read_txs_of(store::Database& database, const std::string& key);
/// All that were signed for it, those of earlier nonces too; oldest first.
std::vector<TxForm> read_forms(store::Database& database, const TxState& tx);
/// What was done, or `refused: ` and why not.
std::string wish_tx(store::Database& database, const std::string& key, const std::string& operator_request);

struct WalletState {
    std::uint64_t chain_id = 0;
    Address address;
    std::optional<std::uint64_t> next_nonce;  ///< absent: none was given out
    std::uint64_t waiting = 0;
    std::uint64_t unmined = 0;
    std::uint64_t not_final = 0;
    std::uint64_t failed = 0;
    U256 paid_today;  ///< wei; the day is UTC's
};
std::vector<WalletState> read_wallets(store::Database& database);

/// Who reads for the reputation service; absent: nobody.
std::optional<std::string> reputation_reader(store::Database& database);

struct Rebuilt {
    std::string refused;  ///< why nothing was done; empty: it was
    std::uint64_t increments = 0;
    std::uint64_t forgotten = 0;      ///< intents
    std::uint64_t kept = 0;           ///< intents
    std::uint64_t confirmations = 0;  ///< to be looked at again
};
Rebuilt rebuild_reputation(store::Database& database);

}  // namespace lamda::cli
