// Message formats that wallets sign: EIP-191 "personal" messages and EIP-712 typed data.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/ids.hpp"
#include "core/u256.hpp"

namespace lamda::eth {

/// EIP-191 version 0x45: "\x19Ethereum Signed Message:
/// " + length + message. Input of crypto::Signer.
Bytes personal_message(std::string_view message);
/// keccak256(personal_message(message)): the digest that the signer is recovered from.
Bytes32 personal_digest(std::string_view message);

/// EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)
struct Eip712Domain {
    std::string name;
    std::string version;
    ChainId chain_id;
    Address verifying_contract;
};
Bytes32 domain_separator(const Eip712Domain& domain);

/// hashStruct of a struct of atomic and string members. Add the members in the order of the type string.
class StructHasher {
  public:
    /// @param type e.g. "Mail(address from,address to,string contents)"
    explicit StructHasher(std::string_view type);
    StructHasher& add(const Bytes32& word);
    StructHasher& add(const Address& address);
    StructHasher& add_uint(const U256& value);
    StructHasher& add_int(std::int64_t value);  ///< two's complement
    StructHasher& add_string(std::string_view text);
    Bytes32 hash() const;

  private:
    Bytes encoded_;
};

/// "\x19\x01" || domainSeparator || hashStruct. Input of crypto::Signer.
Bytes typed_data_message(const Eip712Domain& domain, const Bytes32& struct_hash);

}  // namespace lamda::eth
