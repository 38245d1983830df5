// Transactions: legacy with EIP-155 replay protection, type 1 (EIP-2930), type 2 (EIP-1559).
#pragma once

#include <optional>
#include <vector>

#include "core/u256.hpp"
#include "crypto/signer.hpp"

namespace lamda::eth {

/// fee.max_fee is the gas price of a legacy transaction and of one of type 1; max_priority_fee then counts
/// for nothing. In wei per gas.
struct Fee {
    bool legacy = false;  ///< one gas price, as before EIP-1559
    U256 max_fee;
    U256 max_priority_fee;
    bool operator==(const Fee&) const = default;
};

/// An address, and slots of its storage, that cost less when the transaction touches them.
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
    /// EIP-2930. With a legacy fee its presence makes the transaction one of type 1. Type 2 always has a
    /// list: there, an empty one is written as absent.
    std::optional<AccessList> access_list = std::nullopt;
    bool operator==(const Transaction&) const = default;
};

struct SignedTransaction {
    Transaction tx;
    crypto::Signature signature;
    Bytes raw;    ///< what eth_sendRawTransaction takes
    TxHash hash;  ///< keccak256 of raw
};

/// The unsigned form: what a crypto::Signer gets.
Bytes signing_message(const Transaction& tx);
/// keccak256 of it: what a signature is recovered from.
Bytes32 signing_digest(const Transaction& tx);
/// @throws crypto::Unavailable, crypto::Refused
SignedTransaction sign(const Transaction& tx, const crypto::Signer& signer);
/// Legacy (EIP-155 only), type 1 or type 2. Errors: `invalid_transaction`.
Result<SignedTransaction> decode_signed(BytesView raw);
Result<Address> sender_of(const SignedTransaction& tx);
/// CREATE: keccak256(rlp([sender, nonce]))[12..] (Yellow Paper, section 7).
Address contract_address(const Address& sender, std::uint64_t nonce);

}  // namespace lamda::eth
