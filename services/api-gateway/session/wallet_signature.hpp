// The signature of a wallet over a message (EIP-191): of a key, or of a contract (ERC-1271, ERC-6492).
#pragma once

#include <optional>
#include <string_view>

#include "core/ids.hpp"

namespace lamda::gateway {

/// Bytes of a signature; a longer one is refused. An account's creation and a passkey's proof need some
/// thousand.
inline constexpr std::size_t kLongestSignature = 16'384;

/// Reads `0x` and hex digits of any length up to kLongestSignature. Errors: `invalid_signature`.
Result<Bytes> parse_wallet_signature(std::string_view text);

/// True if the address's key signed the digest: 65 bytes r, s, v with v of 0, 1, 27 or 28, or 64 bytes in the
/// compact form of EIP-2098. s must be in the lower half (EIP-2).
bool is_signed_by_key(const Address& address, const Bytes32& digest, BytesView signature);

/// A question to a contract: does it accept the signature of the digest (ERC-1271)?
struct ContractQuestion {
    Address wallet;
    Bytes32 digest;
    Bytes signature;
    Address factory;     ///< zero: the wallet must have been created
    Bytes factory_data;  ///< call of the factory that creates the wallet
    bool operator==(const ContractQuestion&) const = default;
};

/// True for a signature that ends with the mark of ERC-6492: only a contract can have made it.
bool has_creation(BytesView signature);
/// Unwraps the signature of a wallet that may not have been created yet (ERC-6492). Errors:
/// `invalid_signature` if the marked content cannot be decoded.
Result<ContractQuestion> contract_question(const Address& wallet, const Bytes32& digest, BytesView signature);

/// Creation code of contracts/SignatureCheck.sol with its arguments, for eth_call without a recipient. It
/// answers with one byte: 0 refused, 1 accepted, 2 the node is on another chain.
Bytes signature_check_call(const ContractQuestion& question, ChainId chain);

}  // namespace lamda::gateway
