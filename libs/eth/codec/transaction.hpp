// Transactions: legacy with EIP-155 replay protection, and type 2 (EIP-1559).
#pragma once

#include <optional>

#include "core/u256.hpp"
#include "crypto/signer.hpp"

namespace lamda::eth {

/// fee.max_fee is the gas price of a legacy transaction; max_priority_fee then counts for nothing. In wei per
/// gas.
struct Fee {
    bool legacy = false;
    U256 max_fee;
    U256 max_priority_fee;
    bool operator==(const Fee&) const = default;
};

struct Transaction {
    ChainId chain_id;
    std::uint64_t nonce = 0;
    Fee fee;
    std::uint64_t gas_limit = 0;
    std::optional<Address> to;  ///< absent: creates a contract
    U256 value = 0;
    Bytes data;
    bool operator==(const Transaction&) const = default;
};

struct SignedTransaction {
    Transaction tx;
    crypto::Signature signature;
    Bytes raw;    ///< what eth_sendRawTransaction takes
    TxHash hash;  ///< keccak256 of raw
};

/// What is signed: keccak256 of the unsigned form.
Bytes32 signing_digest(const Transaction& tx);
SignedTransaction sign(const Transaction& tx, const crypto::Signer& signer);
/// Legacy (EIP-155 only) or type 2. Errors: `invalid_transaction`.
Result<SignedTransaction> decode_signed(BytesView raw);
Result<Address> sender_of(const SignedTransaction& tx);
/// CREATE: keccak256(rlp([sender, nonce]))[12..] (Yellow Paper, section 7).
Address contract_address(const Address& sender, std::uint64_t nonce);

}  // namespace lamda::eth
