// Transactions: legacy with EIP-155 replay protection, type 1 (EIP-2930), type 2 (EIP-1559).
#pragma once

#include <optional>
#include <vector>

#include "core/u256.hpp"
#include "crypto/signer.hpp"

namespace lamda::eth {

/// For legacy and type 1 transactions max_fee is the gas price and max_priority_fee is ignored. In wei per
/// gas.
struct Fee {
    bool legacy = false;  ///< one gas price, as before EIP-1559
    U256 max_fee;
    U256 max_priority_fee;
    bool operator==(const Fee&) const = default;
};

/// An address and storage slots that cost less gas when the transaction accesses them.
struct AccessListEntry {
    Address address;
    std::vector<Bytes32> storage_keys;
    bool operator==(const AccessListEntry&) const = default;
};
using AccessList = std::vector<AccessListEntry>;

struct Transaction {
    ChainId chain_id;
    std::uint64_t nonce = 0;
    Fee fee;
    std::uint64_t gas_limit = 0;
    std::optional<Address> to;  ///< absent: creates a contract
    U256 value = 0;
    Bytes data;
    /// EIP-2930. With a legacy fee, a present list makes the transaction type 1. Type 2 always has a list: an
    /// empty list is stored as absent.
    std::optional<AccessList> access_list = std::nullopt;
    bool operator==(const Transaction&) const = default;
};

struct SignedTransaction {
    Transaction tx;
    crypto::Signature signature;
    Bytes raw;    ///< input of eth_sendRawTransaction
    TxHash hash;  ///< keccak256 of raw
};

/// The unsigned form: input of crypto::Signer.
Bytes signing_message(const Transaction& tx);
/// keccak256(signing_message(tx)): the digest that the signer is recovered from.
Bytes32 signing_digest(const Transaction& tx);
/// @throws crypto::Unavailable, crypto::Refused
SignedTransaction sign(const Transaction& tx, const crypto::Signer& signer);
/// Accepts legacy (EIP-155 only), type 1 and type 2. Errors: `invalid_transaction`.
Result<SignedTransaction> decode_signed(BytesView raw);
Result<Address> sender_of(const SignedTransaction& tx);
/// CREATE: keccak256(rlp([sender, nonce]))[12..] (Yellow Paper, section 7).
Address contract_address(const Address& sender, std::uint64_t nonce);

}  // namespace lamda::eth
